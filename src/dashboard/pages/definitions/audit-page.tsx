import type { ReactNode } from 'react';
import { useSession } from '../../data/session.tsx';
import { useTexts } from '../../language/language.tsx';
import { Card } from '../../parts/card.tsx';
import { Page } from '../../parts/page.tsx';
import { Empty } from '../../parts/states.tsx';
import { AuditEntries } from './audit-entries.tsx';

export function AuditPage(): ReactNode {
  const { shell, audit } = useTexts();
  const { isAdministrator } = useSession();
  return (
    <Page title={shell.audit} lead={audit.lead}>
      {isAdministrator ? (
        <AuditEntries />
      ) : (
        <Card>
          <Empty title={audit.administratorsOnly} icon="audit">
            {audit.administratorsOnlyWhy}
          </Empty>
        </Card>
      )}
    </Page>
  );
}
