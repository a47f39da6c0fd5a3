import {
  type ColumnDef,
  createSortedRowModel,
  rowSortingFeature,
  type SortingState,
  sortFns,
  tableFeatures,
  useTable,
} from '@tanstack/react-table';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import {
  memo,
  type ReactNode,
  type Ref,
  useCallback,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from 'react';
import { useTexts } from '../language/language.tsx';
import { classNames } from './class-names.ts';
import styles from './data-table.module.css';
import { Icon } from './icon.tsx';
import { Empty } from './states.tsx';

export interface Column<T> {
  /** The field that the broker sorts by, where it does. */
  readonly id: string;
  readonly header: string;
  readonly cell: (row: T) => ReactNode;
  /** What is sorted by; a column without it is not sorted. */
  readonly value?: (row: T) => string | number | null | undefined;
  /** Numbers stand at the end. */
  readonly align?: 'end';
  /** Left out where there is little room. */
  readonly minor?: boolean;
  /** For who cannot see that the column is one of buttons. */
  readonly hideHeader?: boolean;
}

export interface Sort {
  readonly id: string;
  readonly descending: boolean;
}

interface DataTableProps<T> {
  /** What the table is of, for who cannot see it. */
  readonly label: string;
  /** To be kept stable: `useMemo`. */
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  readonly rowKey: (row: T) => string;
  /** Given when the broker sorts; without it the table does. */
  readonly sort?: Sort | undefined;
  readonly onSort?: (sort: Sort) => void;
  readonly empty?: ReactNode;
}

const features = tableFeatures({ rowSortingFeature, sortedRowModel: createSortedRowModel(), sortFns });
/** Of rows that were not measured yet. */
const ROW_PX = 41;
/** With fewer rows all are there, so that the browser's own search finds them. */
const VIRTUAL_FROM = 150;
const OVERSCAN = 12;

/** A table of any length: of a long one only what can be seen exists. */
export function DataTable<T extends object>({
  label,
  columns,
  rows,
  rowKey,
  sort,
  onSort,
  empty,
}: DataTableProps<T>): ReactNode {
  const { parts } = useTexts();
  const [ownSort, setOwnSort] = useState<SortingState>([]);
  const definitions = useMemo(() => columns.map((column) => definitionOf(column)), [columns]);
  const sortedByBroker = onSort !== undefined;
  const sorting = sortedByBroker ? (sort ? [{ id: sort.id, desc: sort.descending }] : []) : ownSort;
  const table = useTable({
    features,
    columns: definitions,
    data: rows as T[],
    getRowId: rowKey,
    manualSorting: sortedByBroker,
    state: { sorting },
    onSortingChange: (update) => {
      const next = typeof update === 'function' ? update(sorting) : update;
      const [first] = next;
      if (!sortedByBroker) setOwnSort(next);
      else if (first !== undefined) onSort({ id: first.id, descending: first.desc });
    },
    enableSortingRemoval: false,
  });
  const shown = table.getRowModel().rows;
  if (rows.length === 0) return empty ?? <Empty title={parts.nothing} />;
  return (
    <div className={styles['scroll']} tabIndex={-1}>
      <table className={styles['table']} aria-label={label} aria-rowcount={shown.length + 1}>
        <thead>
          <tr aria-rowindex={1}>
            {table.getFlatHeaders().map((header, at) => {
              const column = columns[at] as Column<T>;
              const sorted = header.column.getIsSorted();
              return (
                <th
                  key={header.id}
                  scope="col"
                  className={cellClass(column)}
                  aria-sort={sorted === false ? undefined : sorted === 'desc' ? 'descending' : 'ascending'}
                >
                  {header.column.getCanSort() ? (
                    <button
                      type="button"
                      className={styles['sort']}
                      title={parts.sortBy(column.header)}
                      onClick={header.column.getToggleSortingHandler()}
                    >
                      {column.header}
                      {sorted !== false && (
                        <Icon name={sorted === 'desc' ? 'sort-down' : 'sort-up'} size={14} />
                      )}
                    </button>
                  ) : (
                    <span className={column.hideHeader === true ? 'visually-hidden' : undefined}>
                      {column.header}
                    </span>
                  )}
                </th>
              );
            })}
          </tr>
        </thead>
        <Body columns={columns} rows={shown.map((row) => row.original)} rowKey={rowKey} />
      </table>
    </div>
  );
}

function definitionOf<T extends object>(column: Column<T>): ColumnDef<typeof features, T> {
  const { id, header, value } = column;
  if (value === undefined) return { id, header, enableSorting: false };
  return {
    id,
    header,
    accessorFn: (row) => value(row) ?? undefined,
    sortUndefined: 'last',
    sortDescFirst: column.align === 'end',
  };
}

interface BodyProps<T> {
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  readonly rowKey: (row: T) => string;
}

function Body<T>(props: BodyProps<T>): ReactNode {
  if (props.rows.length >= VIRTUAL_FROM) return <VirtualBody {...props} />;
  const { columns, rows, rowKey } = props;
  return (
    <tbody>
      {rows.map((row, at) => (
        <Row key={rowKey(row)} columns={columns} row={row} at={at} />
      ))}
    </tbody>
  );
}

/** The window scrolls, not the table; empty rows stand for what is above and below. */
function VirtualBody<T>({ columns, rows, rowKey }: BodyProps<T>): ReactNode {
  const body = useRef<HTMLTableSectionElement>(null);
  const [offset, setOffset] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what stands above the table may come and go with new rows
  useLayoutEffect(() => {
    const top = body.current?.getBoundingClientRect().top ?? 0;
    setOffset(Math.round(top + window.scrollY));
  }, [rows]);
  // kept, or all rows were measured anew with every update
  const getItemKey = useCallback((index: number) => rowKey(rows[index] as T), [rows, rowKey]);
  const virtualizer = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => ROW_PX,
    overscan: OVERSCAN,
    getItemKey,
    scrollMargin: offset,
  });
  const items = virtualizer.getVirtualItems();
  const above = (items[0]?.start ?? offset) - offset;
  const below = virtualizer.getTotalSize() - ((items.at(-1)?.end ?? offset) - offset);
  return (
    <tbody ref={body}>
      <Spacer height={above} columns={columns.length} />
      {items.map(({ index }) => {
        const row = rows[index] as T;
        return (
          <Row key={rowKey(row)} columns={columns} row={row} at={index} ref={virtualizer.measureElement} />
        );
      })}
      <Spacer height={below} columns={columns.length} />
    </tbody>
  );
}

function Spacer({ height, columns }: { readonly height: number; readonly columns: number }): ReactNode {
  if (height <= 0) return null;
  return (
    <tr>
      <td colSpan={columns} className={styles['spacer']} style={{ height }} />
    </tr>
  );
}

interface RowProps<T> {
  readonly columns: readonly Column<T>[];
  readonly row: T;
  readonly at: number;
  /** Long texts make rows higher than they were thought to be. */
  readonly ref?: Ref<HTMLTableRowElement>;
}

/** Scrolling draws only the rows that come into sight, and an update those that changed. */
const Row = memo(RowOf) as typeof RowOf;

function RowOf<T>({ columns, row, at, ref }: RowProps<T>): ReactNode {
  return (
    <tr ref={ref} data-index={at} aria-rowindex={at + 2}>
      {columns.map((column) => (
        <td key={column.id} className={cellClass(column)}>
          {column.cell(row)}
        </td>
      ))}
    </tr>
  );
}

function cellClass<T>({ align, minor }: Column<T>): string {
  return classNames(align === 'end' && styles['end'], minor === true && styles['minor']);
}
