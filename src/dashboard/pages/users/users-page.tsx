import type { ReactNode } from 'react';
import { useSession } from '../../data/session.tsx';
import { useTexts } from '../../language/language.tsx';
import { Page } from '../../parts/page.tsx';
import { useRoute } from '../../route.ts';
import { AdministratorsOnly } from './administrators-only.tsx';
import { UserDetails } from './user-details.tsx';
import { UserList } from './user-list.tsx';

export function UsersPage(): ReactNode {
  const { shell } = useTexts();
  const { isAdministrator } = useSession();
  const [, name] = useRoute().segments;
  if (!isAdministrator) {
    return (
      <Page title={shell.users}>
        <AdministratorsOnly />
      </Page>
    );
  }
  return name === undefined ? <UserList /> : <UserDetails key={name} name={name} />;
}
