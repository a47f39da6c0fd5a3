import type { ReactNode } from 'react';
import { exchangeInPath } from '../../data/exchanges.ts';
import type { ScheduledRow } from '../../data/outcomes.ts';
import type { Session } from '../../data/session.tsx';
import type { Formats } from '../../format/formats.ts';
import { type Texts, useFormats, useTexts } from '../../language/language.tsx';
import { Badge } from '../../parts/badge.tsx';
import { IconButton } from '../../parts/button.tsx';
import type { Column } from '../../parts/data-table.tsx';
import { href } from '../../route.ts';
import styles from './outcomes.module.css';
import { TimeLeft } from './time-left.tsx';

interface ScheduledColumnSettings {
  readonly texts: Texts['outcomes'];
  readonly formats: Formats;
  readonly session: Session;
  readonly vhost: string;
  readonly onCancel: (message: ScheduledRow) => void;
}

/** The broker gives them in the order of time; a page of them is not sorted otherwise. */
export function scheduledColumns(settings: ScheduledColumnSettings): readonly Column<ScheduledRow>[] {
  const { texts, formats, session, vhost } = settings;
  return [
    { id: 'due_at', header: texts.dueAt, cell: (row) => <When dueAt={row.due_at} /> },
    { id: 'target', header: texts.target, cell: (row) => <Target vhost={vhost} message={row} /> },
    {
      id: 'message_id',
      header: texts.messageId,
      cell: ({ properties }) => <span className={styles['messageId']}>{properties.message_id ?? '–'}</span>,
      minor: true,
    },
    { id: 'id', header: texts.id, cell: ({ id }) => <span className={styles['id']}>{id}</span>, minor: true },
    {
      id: 'persistent',
      header: texts.kept,
      cell: (row) => <Kept isPersistent={row.persistent} />,
      minor: true,
    },
    {
      id: 'payload_bytes',
      header: texts.size,
      cell: (row) => formats.bytes(row.payload_bytes),
      align: 'end',
      minor: true,
    },
    ...(session.maySome('write', vhost) ? [cancelColumn(settings)] : []),
  ];
}

function cancelColumn({ texts, session, vhost, onCancel }: ScheduledColumnSettings): Column<ScheduledRow> {
  return {
    id: 'cancel',
    header: texts.cancel,
    cell: (row) =>
      session.may('write', vhost, exchangeInPath(row.exchange)) && (
        <IconButton icon="remove" label={texts.cancelOf(row.id)} onClick={() => onCancel(row)} />
      ),
    align: 'end',
  };
}

function When({ dueAt }: { readonly dueAt: string }): ReactNode {
  const formats = useFormats();
  return (
    <span className={styles['when']}>
      <TimeLeft until={dueAt} />
      <span className={styles['small']}>{formats.time(dueAt)}</span>
    </span>
  );
}

/** The default exchange routes to the queue of that name. */
function Target({ vhost, message }: { readonly vhost: string; readonly message: ScheduledRow }): ReactNode {
  const { outcomes } = useTexts();
  const { exchange, routing_key: key } = message;
  if (exchange === '')
    return (
      <span className={styles['target']}>
        <a href={href(['queues', vhost, key])}>{key}</a>
        <span className={styles['small']}>{outcomes.defaultExchange}</span>
      </span>
    );
  return (
    <span className={styles['target']}>
      <a href={href(['exchanges', vhost, exchange])}>{exchange}</a>
      <span className={styles['small']}>{outcomes.withKey(key)}</span>
    </span>
  );
}

function Kept({ isPersistent }: { readonly isPersistent: boolean }): ReactNode {
  const { outcomes } = useTexts();
  if (isPersistent) return <Badge>{outcomes.persistent}</Badge>;
  return (
    <Badge tone="warn" title={outcomes.transientWhy}>
      {outcomes.transient}
    </Badge>
  );
}
