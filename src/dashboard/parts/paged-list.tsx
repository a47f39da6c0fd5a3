import { type ReactNode, useEffect, useState } from 'react';
import { queryText } from '../data/http.ts';
import { useLive } from '../data/live-data.tsx';
import { useTexts } from '../language/language.tsx';
import { replaceQuery, useRoute } from '../route.ts';
import { Card } from './card.tsx';
import { type Column, DataTable } from './data-table.tsx';
import { SearchField } from './fields.tsx';
import { Pager } from './pager.tsx';
import { Answer, Empty } from './states.tsx';

/** A page of a list of the management API. */
export interface PageAnswer<T> {
  readonly items: readonly T[];
  readonly page: number;
  readonly page_count: number;
  readonly page_size: number;
  readonly filtered_count: number;
  readonly total_count: number;
}

interface PagedListProps<T> {
  readonly label: string;
  /** The list, e.g. /api/queues. */
  readonly path: string;
  /** Further fields of the query. */
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly columns: readonly Column<T>[];
  readonly rowKey: (row: T) => string;
  /** When there are none at all. */
  readonly empty: ReactNode;
  /** Beside the filter. */
  readonly tools?: ReactNode;
}

const PAGE_SIZE = 100;
const TYPING_MS = 250;

/** A list that the broker filters, sorts and gives out page by page, live. What is chosen is in the address of the page. */
export function PagedList<T extends object>(props: PagedListProps<T>): ReactNode {
  const { label, path, query: more = {}, columns, rowKey, empty, tools } = props;
  const { parts } = useTexts();
  const { query } = useRoute();
  const page = Number(query.get('page') ?? 1);
  const pageSize = Number(query.get('size') ?? PAGE_SIZE);
  const filter = query.get('filter') ?? '';
  const sort = query.get('sort') ?? undefined;
  const descending = query.get('order') === 'desc';
  const answer = useLive<PageAnswer<T>>(
    `${path}${queryText({ ...more, page, page_size: pageSize, name: filter, use_regex: false, sort, sort_reverse: descending ? true : undefined })}`,
  );
  const isBeyondEnd = page > 1 && answer.error?.status === 400;
  // rows were deleted, or another vhost was chosen
  useEffect(() => {
    if (isBeyondEnd) replaceQuery({ page: undefined });
  }, [isBeyondEnd]);
  return (
    <Card
      title={label}
      flush
      actions={
        <>
          {tools}
          <FilterField
            label={parts.filterPlaceholder}
            value={filter}
            onChange={(text) => replaceQuery({ filter: text, page: undefined })}
          />
        </>
      }
    >
      <Answer of={answer} lines={8}>
        {({ items, page_count, filtered_count }) => (
          <>
            <DataTable
              label={label}
              columns={columns}
              rows={items}
              rowKey={rowKey}
              sort={sort === undefined ? undefined : { id: sort, descending }}
              onSort={({ id, descending: desc }) =>
                replaceQuery({ sort: id, order: desc ? 'desc' : undefined, page: undefined })
              }
              empty={filter === '' ? empty : <Empty title={parts.nothingMatches(filter)} icon="search" />}
            />
            {filtered_count > 0 && (
              <Pager
                page={page}
                pageCount={page_count}
                pageSize={pageSize}
                rowCount={filtered_count}
                onChange={(next, size) => replaceQuery({ page: next, size })}
              />
            )}
          </>
        )}
      </Answer>
    </Card>
  );
}

/** Tells what was typed when the typing pauses. */
export function FilterField({
  label,
  value,
  onChange,
}: {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
}): ReactNode {
  const [typed, setTyped] = useState(value);
  const [before, setBefore] = useState(value);
  // a link led to another one
  if (value !== before) {
    setBefore(value);
    setTyped(value);
  }
  useEffect(() => {
    if (typed === value) return undefined;
    const timer = window.setTimeout(() => onChange(typed), TYPING_MS);
    return () => window.clearTimeout(timer);
  }, [typed, value, onChange]);
  return <SearchField label={label} value={typed} onChange={setTyped} />;
}
