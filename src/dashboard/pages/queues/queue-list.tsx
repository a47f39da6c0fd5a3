import { type ReactNode, useMemo, useState } from 'react';
import { segment } from '../../data/http.ts';
import { QUEUE_COLUMNS, type QueueRow } from '../../data/queues.ts';
import { useSession } from '../../data/session.tsx';
import type { Formats } from '../../format/formats.ts';
import { type Texts, useFormats, useTexts } from '../../language/language.tsx';
import { Button } from '../../parts/button.tsx';
import type { Column } from '../../parts/data-table.tsx';
import { Page } from '../../parts/page.tsx';
import { PagedList } from '../../parts/paged-list.tsx';
import { Empty } from '../../parts/states.tsx';
import { href } from '../../route.ts';
import { useVhost } from '../../shell/vhost-choice.tsx';
import { VhostMark } from '../../shell/vhost-mark.tsx';
import { DeclareQueueDialog } from './declare-queue-dialog.tsx';
import styles from './marks.module.css';
import { QueueMarks, QueueStateMark } from './queue-marks.tsx';

const QUERY = { columns: QUEUE_COLUMNS };

export function QueueList(): ReactNode {
  const { queues } = useTexts();
  const formats = useFormats();
  const vhost = useVhost();
  const session = useSession();
  const [declares, setDeclares] = useState(false);
  const columns = useMemo(() => columnsOf(queues, formats), [queues, formats]);
  const mayDeclare = session.permissions.some((each) => session.maySome('configure', each.vhost));
  return (
    <Page
      title={queues.title}
      actions={
        mayDeclare && (
          <Button kind="primary" icon="add" onClick={() => setDeclares(true)}>
            {queues.declare}
          </Button>
        )
      }
    >
      <PagedList<QueueRow>
        label={queues.title}
        path={vhost === undefined ? '/api/queues' : `/api/queues/${segment(vhost)}`}
        query={QUERY}
        columns={columns}
        rowKey={keyOf}
        empty={
          <Empty title={queues.none} icon="queue">
            {queues.noneWhy}
          </Empty>
        }
      />
      {declares && <DeclareQueueDialog onClose={() => setDeclares(false)} />}
    </Page>
  );
}

function keyOf({ vhost, name }: QueueRow): string {
  return JSON.stringify([vhost, name]);
}

function columnsOf(texts: Texts['queues'], formats: Formats): readonly Column<QueueRow>[] {
  const count = (
    id: 'messages_ready' | 'messages_unacknowledged' | 'messages' | 'consumers',
    header: string,
  ) =>
    ({
      id,
      header,
      align: 'end',
      cell: (row: QueueRow) => formats.shortCount(row[id]),
      value: (row: QueueRow) => row[id],
    }) satisfies Column<QueueRow>;
  const rate = (of: 'publish_details' | 'deliver_get_details', header: string) => {
    const value = (row: QueueRow): number => row.message_stats?.[of]?.rate ?? 0;
    const id = `message_stats.${of}.rate`;
    const cell = (row: QueueRow): ReactNode => formats.rate(value(row));
    return { id, header, align: 'end', minor: true, value, cell } satisfies Column<QueueRow>;
  };
  return [
    { id: 'name', header: texts.name, value: ({ name }) => name, cell: (row) => <NameCell row={row} /> },
    { id: 'features', header: texts.features, minor: true, cell: (row) => <QueueMarks queue={row} short /> },
    { id: 'state', header: texts.state, cell: (row) => <QueueStateMark queue={row} /> },
    count('messages_ready', texts.ready),
    { ...count('messages_unacknowledged', texts.unacked), minor: true },
    { ...count('messages', texts.total), minor: true },
    rate('publish_details', texts.rateIn),
    rate('deliver_get_details', texts.rateOut),
    { ...count('consumers', texts.consumers), minor: true },
  ];
}

function NameCell({ row: { vhost, name } }: { readonly row: QueueRow }): ReactNode {
  return (
    <span className={styles['name']}>
      <a href={href(['queues', vhost, name])}>{name}</a>
      <VhostMark vhost={vhost} />
    </span>
  );
}
