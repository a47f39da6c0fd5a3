import { type ReactNode, useMemo } from 'react';
import type { Message, TypedHeader } from '../../data/messages.ts';
import { useFormats, useTexts } from '../../language/language.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { Empty } from '../../parts/states.tsx';
import styles from './message-dialog.module.css';

/** The types of header values, by their tags in AMQP. */
const TYPE_NAMES: ReadonlyMap<string, string> = new Map([
  ['t', 'boolean'],
  ['b', 'int8'],
  ['B', 'uint8'],
  ['s', 'int16'],
  ['u', 'uint16'],
  ['I', 'int32'],
  ['i', 'uint32'],
  ['l', 'int64'],
  ['L', 'uint64'],
  ['f', 'float'],
  ['d', 'double'],
  ['D', 'decimal'],
  ['S', 'string'],
  ['A', 'array'],
  ['T', 'timestamp'],
  ['F', 'table'],
  ['V', 'void'],
  ['x', 'bytes'],
]);

interface HeaderRow {
  readonly name: string;
  readonly value: unknown;
  readonly tag: string;
}

interface HeaderTableProps {
  readonly message: Message;
  /** x-death is shown otherwise. */
  readonly hasTimeline: boolean;
}

export function HeaderTable({ message, hasTimeline }: HeaderTableProps): ReactNode {
  const { messages } = useTexts();
  const formats = useFormats();
  const columns = useMemo<readonly Column<HeaderRow>[]>(
    () => [
      { id: 'name', header: messages.header, value: ({ name }) => name, cell: ({ name }) => name },
      {
        id: 'value',
        header: messages.value,
        cell: ({ value, tag }) => (
          <code className={styles['value']}>
            {typeof value === 'string' ? value : JSON.stringify(value)}
            {tag === 'T' && typeof value === 'number' && ` (${formats.time(value * 1000)})`}
          </code>
        ),
      },
      { id: 'type', header: messages.type, minor: true, cell: ({ tag }) => TYPE_NAMES.get(tag) ?? tag },
    ],
    [messages, formats],
  );
  const rows = useMemo(() => headerRows(message, hasTimeline), [message, hasTimeline]);
  return (
    <div className={styles['headers']}>
      <DataTable
        label={messages.headers}
        columns={columns}
        rows={rows}
        rowKey={({ name }) => name}
        empty={<Empty title={messages.noHeaders} />}
      />
    </div>
  );
}

function headerRows({ headers, typed_headers }: Message, hasTimeline: boolean): readonly HeaderRow[] {
  const typed = new Map<string, TypedHeader>(Object.entries(typed_headers ?? {}));
  return Object.entries(headers)
    .filter(([name]) => !(hasTimeline && name === 'x-death'))
    .map(([name, value]) => ({ name, value, tag: typed.get(name)?.tag ?? plainTag(value) }));
}

/** Of what plain JSON keeps. */
function plainTag(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return 'S';
    case 'boolean':
      return 't';
    case 'number':
      return Number.isInteger(value) ? 'l' : 'd';
    default:
      return Array.isArray(value) ? 'A' : 'F';
  }
}
