import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { ApiError } from '../data/http.ts';
import { useTexts } from '../language/language.tsx';
import { replaceQuery, useRoute } from '../route.ts';
import { Card } from './card.tsx';
import { type Column, DataTable } from './data-table.tsx';
import { FilterField } from './paged-list.tsx';
import { Answer, Empty } from './states.tsx';

interface WholeListProps<A, T> {
  readonly label: string;
  /** The whole list, or an answer that holds it. */
  readonly answer: UseQueryResult<A, ApiError>;
  readonly rowsOf: (answer: A) => readonly T[];
  readonly columns: readonly Column<T>[];
  readonly rowKey: (row: T) => string;
  /** What the filter looks at. */
  readonly textOf: (row: T) => string;
  readonly filterLabel?: string;
  /** When there are none at all. */
  readonly empty: ReactNode;
  /** Beside the filter. */
  readonly tools?: ReactNode;
}

/** A list that the broker gives out as a whole: filtered and sorted here. The filter is in the address of the page. */
export function WholeList<A, T extends object>(props: WholeListProps<A, T>): ReactNode {
  const { label, answer, rowsOf, columns, rowKey, textOf, filterLabel, empty, tools } = props;
  const { parts } = useTexts();
  const { query } = useRoute();
  const filter = query.get('filter') ?? '';
  return (
    <Card
      title={label}
      flush
      actions={
        <>
          {tools}
          <FilterField
            label={filterLabel ?? parts.filter}
            value={filter}
            onChange={(text) => replaceQuery({ filter: text })}
          />
        </>
      }
    >
      <Answer of={answer} lines={8}>
        {(found) => (
          <DataTable
            label={label}
            columns={columns}
            rows={matching(rowsOf(found), filter, textOf)}
            rowKey={rowKey}
            empty={filter === '' ? empty : <Empty title={parts.nothingMatches(filter)} icon="search" />}
          />
        )}
      </Answer>
    </Card>
  );
}

/** In any case of letters. */
function matching<T>(rows: readonly T[], filter: string, textOf: (row: T) => string): readonly T[] {
  if (filter === '') return rows;
  const wanted = filter.toLowerCase();
  return rows.filter((row) => textOf(row).toLowerCase().includes(wanted));
}
