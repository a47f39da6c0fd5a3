import type { ReactNode } from 'react';
import { useSession } from '../../data/session.tsx';
import { useTexts } from '../../language/language.tsx';
import { Page } from '../../parts/page.tsx';
import { useRoute } from '../../route.ts';
import { AdministratorsOnly } from '../users/administrators-only.tsx';
import { VhostDetails } from './vhost-details.tsx';
import { VhostList } from './vhost-list.tsx';

/** The list is of those that a user may see; what is about one is for administrators. */
export function VhostsPage(): ReactNode {
  const { shell } = useTexts();
  const { isAdministrator } = useSession();
  const [, name] = useRoute().segments;
  if (name === undefined) return <VhostList />;
  if (isAdministrator) return <VhostDetails key={name} name={name} />;
  return (
    <Page title={shell.vhosts}>
      <AdministratorsOnly />
    </Page>
  );
}
