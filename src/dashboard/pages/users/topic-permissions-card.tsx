import { type ReactNode, useMemo, useState } from 'react';
import { useLive } from '../../data/live-data.tsx';
import { type TopicPermissionRow, userPath } from '../../data/users.ts';
import { useTexts } from '../../language/language.tsx';
import { Button, IconButton } from '../../parts/button.tsx';
import { Card } from '../../parts/card.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { Answer, Empty } from '../../parts/states.tsx';
import { href } from '../../route.ts';
import { ClearTopicPermissionsDialog } from './clear-topic-permissions-dialog.tsx';
import { PatternText } from './pattern-text.tsx';
import { TopicPermissionDialog } from './topic-permission-dialog.tsx';
import styles from './users.module.css';

type Open =
  | { readonly kind: 'set'; readonly before?: TopicPermissionRow }
  | { readonly kind: 'clear'; readonly vhost: string };

export function TopicPermissionsCard({ user }: { readonly user: string }): ReactNode {
  const { users: texts } = useTexts();
  const [open, setOpen] = useState<Open>();
  const answer = useLive<readonly TopicPermissionRow[]>(`${userPath(user)}/topic-permissions`);
  const columns = useColumns(setOpen);
  const close = (): void => setOpen(undefined);
  return (
    <Card
      title={texts.topicPermissions}
      lead={texts.topicPermissionsLead}
      flush
      actions={
        <Button icon="add" onClick={() => setOpen({ kind: 'set' })}>
          {texts.setTopicPermission}
        </Button>
      }
    >
      <Answer of={answer}>
        {(rows) => (
          <>
            <DataTable
              label={texts.topicPermissions}
              columns={columns}
              rows={rows}
              rowKey={keyOf}
              empty={<Empty title={texts.noTopicPermissions} />}
            />
            {open?.kind === 'clear' && (
              <ClearTopicPermissionsDialog
                user={user}
                vhost={open.vhost}
                exchanges={rows.filter(({ vhost }) => vhost === open.vhost).map(exchangeOf)}
                onClose={close}
              />
            )}
          </>
        )}
      </Answer>
      {open?.kind === 'set' && (
        <TopicPermissionDialog
          user={user}
          {...(open.before === undefined ? {} : { before: open.before })}
          onClose={close}
        />
      )}
    </Card>
  );
}

function keyOf({ vhost, exchange }: TopicPermissionRow): string {
  return JSON.stringify([vhost, exchange]);
}

function exchangeOf({ exchange }: TopicPermissionRow): string {
  return exchange;
}

function useColumns(setOpen: (open: Open) => void): readonly Column<TopicPermissionRow>[] {
  const { users: texts, parts } = useTexts();
  return useMemo(
    () => [
      {
        id: 'exchange',
        header: texts.exchange,
        value: exchangeOf,
        cell: ({ vhost, exchange }) => <a href={href(['exchanges', vhost, exchange])}>{exchange}</a>,
      },
      { id: 'vhost', header: texts.vhost, value: ({ vhost }) => vhost, cell: ({ vhost }) => vhost },
      {
        id: 'write',
        header: texts.write,
        value: ({ write }) => write,
        cell: ({ write }) => <PatternText pattern={write} />,
      },
      {
        id: 'read',
        header: texts.read,
        value: ({ read }) => read,
        cell: ({ read }) => <PatternText pattern={read} />,
      },
      {
        id: 'actions',
        header: parts.actions,
        align: 'end',
        cell: (row) => (
          <span className={styles['tools']}>
            <IconButton
              icon="edit"
              label={`${parts.edit}: ${row.exchange}`}
              onClick={() => setOpen({ kind: 'set', before: row })}
            />
            <IconButton
              icon="remove"
              label={texts.clearTopicPermissions(row.vhost)}
              onClick={() => setOpen({ kind: 'clear', vhost: row.vhost })}
            />
          </span>
        ),
      },
    ],
    [setOpen, texts, parts],
  );
}
