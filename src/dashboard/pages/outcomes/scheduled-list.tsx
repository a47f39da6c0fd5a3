import { type ReactNode, useMemo, useState } from 'react';
import { useLive } from '../../data/live-data.tsx';
import { type ScheduledAnswer, type ScheduledRow, scheduledPath } from '../../data/outcomes.ts';
import { useSession } from '../../data/session.tsx';
import { useFormats, useTexts } from '../../language/language.tsx';
import { Card } from '../../parts/card.tsx';
import { DataTable } from '../../parts/data-table.tsx';
import { Pager } from '../../parts/pager.tsx';
import { Answer, Empty } from '../../parts/states.tsx';
import { replaceQuery, useRoute } from '../../route.ts';
import { CancelScheduled } from './cancel-scheduled.tsx';
import styles from './outcomes.module.css';
import { scheduledColumns } from './scheduled-columns.tsx';

const PAGE_SIZE = 100;

interface ScheduledListProps {
  readonly vhost: string;
  readonly tools: ReactNode;
}

export function ScheduledList({ vhost, tools }: ScheduledListProps): ReactNode {
  const { shell, outcomes } = useTexts();
  const formats = useFormats();
  const session = useSession();
  const { query } = useRoute();
  const page = Number(query.get('page') ?? 1);
  const pageSize = Number(query.get('size') ?? PAGE_SIZE);
  const [toCancel, setToCancel] = useState<ScheduledRow>();
  const columns = useMemo(
    () => scheduledColumns({ texts: outcomes, formats, session, vhost, onCancel: setToCancel }),
    [outcomes, formats, session, vhost],
  );
  const answer = useLive<ScheduledAnswer>(scheduledPath(vhost, page, pageSize));
  return (
    <Card title={shell.scheduled} flush actions={tools || undefined}>
      <Answer of={answer} lines={8}>
        {(list) => (
          <>
            <DataTable
              label={shell.scheduled}
              columns={columns}
              rows={list.items}
              rowKey={({ id }) => id}
              empty={list.total_count === 0 ? <NoneScheduled /> : undefined}
            />
            <HiddenNotice list={list} />
            {list.total_count > 0 && (
              <Pager
                page={page}
                pageCount={list.page_count}
                pageSize={pageSize}
                rowCount={list.total_count}
                onChange={(next, size) => replaceQuery({ page: next, size })}
              />
            )}
          </>
        )}
      </Answer>
      {toCancel !== undefined && (
        <CancelScheduled vhost={vhost} message={toCancel} onClose={() => setToCancel(undefined)} />
      )}
    </Card>
  );
}

function NoneScheduled(): ReactNode {
  const { outcomes } = useTexts();
  return (
    <Empty title={outcomes.noneScheduled} icon="scheduled">
      {outcomes.noneScheduledWhy}
    </Empty>
  );
}

/** Of a page, only what this user may see is shown. */
function HiddenNotice({ list }: { readonly list: ScheduledAnswer }): ReactNode {
  const { outcomes } = useTexts();
  const formats = useFormats();
  const { items, page, page_size: size, total_count: total } = list;
  const onPage = Math.max(0, Math.min(size, total - (page - 1) * size));
  if (items.length >= onPage) return null;
  return (
    <p className={styles['notice']}>
      {outcomes.notAllShown(formats.count(items.length), formats.count(onPage))}
    </p>
  );
}
