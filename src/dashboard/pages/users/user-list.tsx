import { type ReactNode, useMemo, useState } from 'react';
import { useLive } from '../../data/live-data.tsx';
import { useSession } from '../../data/session.tsx';
import { type PermissionRow, type UserRow, vhostsOfUsers } from '../../data/users.ts';
import { useTexts } from '../../language/language.tsx';
import { Badge } from '../../parts/badge.tsx';
import { Button } from '../../parts/button.tsx';
import type { Column } from '../../parts/data-table.tsx';
import { Page } from '../../parts/page.tsx';
import { Empty } from '../../parts/states.tsx';
import { WholeList } from '../../parts/whole-list.tsx';
import { href } from '../../route.ts';
import { LimitMarks } from './limit-marks.tsx';
import { TagMarks } from './tag-marks.tsx';
import { UserDialog } from './user-dialog.tsx';
import styles from './users.module.css';
import { VhostMarks } from './vhost-marks.tsx';

export function UserList(): ReactNode {
  const { shell, users: texts, parts } = useTexts();
  const [isAdding, setAdding] = useState(false);
  const answer = useLive<readonly UserRow[]>('/api/users');
  const columns = useColumns();
  return (
    <Page
      title={shell.users}
      lead={texts.lead}
      actions={
        <Button kind="primary" icon="add" onClick={() => setAdding(true)}>
          {texts.add}
        </Button>
      }
    >
      <WholeList
        label={shell.users}
        answer={answer}
        rowsOf={(rows) => rows}
        columns={columns}
        rowKey={nameOf}
        textOf={textOf}
        filterLabel={parts.filterPlaceholder}
        empty={<Empty title={texts.empty} icon="user" />}
      />
      {isAdding && <UserDialog onClose={() => setAdding(false)} />}
    </Page>
  );
}

function nameOf({ name }: UserRow): string {
  return name;
}

function textOf({ name, tags }: UserRow): string {
  return `${name} ${tags.join(' ')}`;
}

function useColumns(): readonly Column<UserRow>[] {
  const { users: texts } = useTexts();
  const { username } = useSession();
  const { data: permissions } = useLive<readonly PermissionRow[]>('/api/permissions');
  const vhosts = useMemo(() => vhostsOfUsers(permissions ?? []), [permissions]);
  return useMemo(
    () => [
      {
        id: 'name',
        header: texts.name,
        value: nameOf,
        cell: ({ name }) => (
          <span className={styles['marks']}>
            <a href={href(['users', name])}>{name}</a>
            {name === username && <Badge tone="accent">{texts.you}</Badge>}
          </span>
        ),
      },
      {
        id: 'tags',
        header: texts.tags,
        value: ({ tags }) => tags.join(' '),
        cell: ({ tags }) => <TagMarks tags={tags} />,
      },
      {
        id: 'vhosts',
        header: texts.vhosts,
        value: ({ name }) => vhosts.get(name)?.length ?? 0,
        cell: ({ name }) => <VhostMarks vhosts={vhosts.get(name) ?? []} />,
      },
      {
        id: 'password',
        header: texts.password,
        minor: true,
        value: ({ password_hash }) => (password_hash === '' ? 0 : 1),
        cell: ({ password_hash }) => <PasswordMark isSet={password_hash !== ''} />,
      },
      {
        id: 'limits',
        header: texts.limits,
        minor: true,
        cell: ({ limits }) => <LimitMarks limits={limits} />,
      },
    ],
    [texts, username, vhosts],
  );
}

function PasswordMark({ isSet }: { readonly isSet: boolean }): ReactNode {
  const { users: texts } = useTexts();
  return isSet ? texts.hasPassword : <Badge tone="warn">{texts.noPassword}</Badge>;
}
