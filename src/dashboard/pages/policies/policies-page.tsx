import { type ReactNode, useState } from 'react';
import type { PolicyKind } from '../../data/policies.ts';
import { useSession } from '../../data/session.tsx';
import { useTexts } from '../../language/language.tsx';
import { Button } from '../../parts/button.tsx';
import { Page } from '../../parts/page.tsx';
import { Tabs } from '../../parts/tabs.tsx';
import { href, useRoute } from '../../route.ts';
import { PolicyDialog } from './policy-dialog.tsx';
import { PolicyList } from './policy-list.tsx';

const OPERATOR = 'operator';

export function PoliciesPage(): ReactNode {
  const { shell, policies: texts } = useTexts();
  const session = useSession();
  const [, tab] = useRoute().segments;
  const [isAdding, setAdding] = useState(false);
  const kind: PolicyKind = tab === OPERATOR ? 'operator' : 'user';
  const mayChange = kind === 'operator' ? session.isAdministrator : session.maySetPolicies;
  return (
    <Page
      title={shell.policies}
      lead={kind === 'operator' ? texts.operatorLead : texts.userLead}
      actions={
        mayChange && (
          <Button kind="primary" icon="add" onClick={() => setAdding(true)}>
            {kind === 'operator' ? texts.addOperator : texts.add}
          </Button>
        )
      }
    >
      <Tabs
        label={texts.tabs}
        tabs={[
          { label: texts.user, href: href(['policies']), current: kind === 'user' },
          { label: texts.operator, href: href(['policies', OPERATOR]), current: kind === 'operator' },
        ]}
      />
      <PolicyList key={kind} kind={kind} mayChange={mayChange} />
      {isAdding && <PolicyDialog kind={kind} onClose={() => setAdding(false)} />}
    </Page>
  );
}
