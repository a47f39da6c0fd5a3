import { type ReactNode, useState } from 'react';
import { useLive } from '../../data/live-data.tsx';
import { useSession } from '../../data/session.tsx';
import { type UserRow, userPath } from '../../data/users.ts';
import { useTexts } from '../../language/language.tsx';
import { Badge } from '../../parts/badge.tsx';
import { Button } from '../../parts/button.tsx';
import { Grid, Page } from '../../parts/page.tsx';
import { href } from '../../route.ts';
import { AccountCard } from './account-card.tsx';
import { DeleteUserDialog } from './delete-user-dialog.tsx';
import { Found } from './found.tsx';
import { LimitsCard } from './limits-card.tsx';
import { PermissionsCard } from './permissions-card.tsx';
import { TopicPermissionsCard } from './topic-permissions-card.tsx';
import { UserDialog } from './user-dialog.tsx';

/** One user: the account, and what it may do in each vhost. */
export function UserDetails({ name }: { readonly name: string }): ReactNode {
  const { shell, users: texts, parts } = useTexts();
  const { username } = useSession();
  const [open, setOpen] = useState<'edit' | 'delete'>();
  const answer = useLive<UserRow>(userPath(name));
  const { data: users } = useLive<readonly Pick<UserRow, 'name' | 'tags'>[]>('/api/users?columns=name,tags');
  const close = (): void => setOpen(undefined);
  return (
    <Page
      title={name}
      lead={<a href={href(['users'])}>{shell.users}</a>}
      marks={name === username && <Badge tone="accent">{texts.you}</Badge>}
      actions={
        answer.isSuccess && (
          <>
            <Button icon="edit" onClick={() => setOpen('edit')}>
              {parts.edit}
            </Button>
            <Button icon="remove" onClick={() => setOpen('delete')}>
              {texts.delete}
            </Button>
          </>
        )
      }
    >
      <Found of={answer} missing={texts.missing(name)}>
        {(user) => (
          <>
            <Grid min="card">
              <AccountCard user={user} />
              <LimitsCard of={{ kind: 'user', name }} limits={user.limits} />
            </Grid>
            <PermissionsCard of={{ kind: 'user', name }} />
            <TopicPermissionsCard user={name} />
            {open === 'edit' && <UserDialog before={user} users={users ?? []} onClose={close} />}
            {open === 'delete' && <DeleteUserDialog user={user} users={users ?? []} onClose={close} />}
          </>
        )}
      </Found>
    </Page>
  );
}
