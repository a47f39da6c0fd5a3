import { type ReactNode, useMemo, useState } from 'react';
import { segment } from '../../data/http.ts';
import { useLive } from '../../data/live-data.tsx';
import { type PermissionRow, type PermissionsOf, userPath } from '../../data/users.ts';
import { useTexts } from '../../language/language.tsx';
import { Button, IconButton } from '../../parts/button.tsx';
import { Card } from '../../parts/card.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { Answer, Empty } from '../../parts/states.tsx';
import { href } from '../../route.ts';
import { ClearPermissionDialog } from './clear-permission-dialog.tsx';
import { PatternText } from './pattern-text.tsx';
import { PermissionDialog } from './permission-dialog.tsx';
import styles from './users.module.css';

type Open =
  | { readonly kind: 'add' }
  | { readonly kind: 'edit' | 'clear'; readonly permission: PermissionRow };

export function PermissionsCard({ of }: { readonly of: PermissionsOf }): ReactNode {
  const { users: texts } = useTexts();
  const [open, setOpen] = useState<Open>();
  const answer = useLive<readonly PermissionRow[]>(`${pathOf(of)}/permissions`);
  const columns = useColumns(of.kind, setOpen);
  const close = (): void => setOpen(undefined);
  return (
    <Card
      title={texts.permissions}
      lead={texts.permissionsLead}
      flush
      actions={
        <Button icon="add" onClick={() => setOpen({ kind: 'add' })}>
          {texts.setPermission}
        </Button>
      }
    >
      <Answer of={answer}>
        {(rows) => (
          <DataTable
            label={texts.permissions}
            columns={columns}
            rows={rows}
            rowKey={of.kind === 'user' ? vhostOf : userOf}
            empty={
              <Empty title={texts.noPermissions} icon="user">
                {of.kind === 'user' ? texts.noPermissionsOfUser : texts.noPermissionsOfVhost}
              </Empty>
            }
          />
        )}
      </Answer>
      {open?.kind === 'add' && <PermissionDialog of={of} onClose={close} />}
      {open?.kind === 'edit' && <PermissionDialog of={of} before={open.permission} onClose={close} />}
      {open?.kind === 'clear' && <ClearPermissionDialog permission={open.permission} onClose={close} />}
    </Card>
  );
}

function pathOf({ kind, name }: PermissionsOf): string {
  return kind === 'user' ? userPath(name) : `/api/vhosts/${segment(name)}`;
}

function vhostOf({ vhost }: PermissionRow): string {
  return vhost;
}

function userOf({ user }: PermissionRow): string {
  return user;
}

function useColumns(
  kind: PermissionsOf['kind'],
  setOpen: (open: Open) => void,
): readonly Column<PermissionRow>[] {
  const { users: texts, parts } = useTexts();
  return useMemo(() => {
    const isOfUser = kind === 'user';
    const nameOf = isOfUser ? vhostOf : userOf;
    const patterns = (['configure', 'write', 'read'] as const).map((id) => ({
      id,
      header: texts[id],
      value: (row: PermissionRow) => row[id],
      cell: (row: PermissionRow) => <PatternText pattern={row[id]} />,
    }));
    return [
      {
        id: 'name',
        header: isOfUser ? texts.vhost : texts.user,
        value: nameOf,
        cell: (row) => <a href={href([isOfUser ? 'vhosts' : 'users', nameOf(row)])}>{nameOf(row)}</a>,
      },
      ...patterns,
      {
        id: 'actions',
        header: parts.actions,
        align: 'end',
        cell: (permission) => (
          <span className={styles['tools']}>
            <IconButton
              icon="edit"
              label={`${parts.edit}: ${nameOf(permission)}`}
              onClick={() => setOpen({ kind: 'edit', permission })}
            />
            <IconButton
              icon="remove"
              label={`${texts.clearPermission}: ${nameOf(permission)}`}
              onClick={() => setOpen({ kind: 'clear', permission })}
            />
          </span>
        ),
      },
    ];
  }, [kind, setOpen, texts, parts]);
}
