import type { ReactNode } from 'react';
import type { Message } from '../../data/messages.ts';
import type { Formats } from '../../format/formats.ts';
import type { Texts } from '../../language/language.tsx';
import { Badge } from '../../parts/badge.tsx';
import type { Column } from '../../parts/data-table.tsx';
import styles from './messages-tab.module.css';
import { hexRows } from './payload-bytes.ts';

const PREVIEW_CHARACTERS = 120;
const PREVIEW_BYTES = 16;
/** Where the hexadecimal numbers of a row stand. */
const [HEX_FROM, HEX_TO] = [8, 55];

interface MessageColumnsOptions {
  readonly texts: Texts;
  readonly formats: Formats;
  readonly nowMs: number;
  readonly selected: ReadonlySet<string>;
  readonly onSelect: (positions: ReadonlySet<string>) => void;
  readonly onOpen: (position: string) => void;
}

export function messageColumns({
  texts: { messages },
  formats,
  nowMs,
  selected,
  onSelect,
  onOpen,
}: MessageColumnsOptions): readonly Column<Message>[] {
  return [
    {
      id: 'select',
      header: '',
      cell: ({ position }) => (
        <input
          type="checkbox"
          className={styles['select']}
          aria-label={messages.selectOne(position)}
          checked={selected.has(position)}
          onChange={() => onSelect(toggled(selected, position))}
        />
      ),
    },
    {
      id: 'position',
      header: messages.position,
      cell: ({ position }) => (
        <button type="button" className={styles['open']} onClick={() => onOpen(position)}>
          {position}
        </button>
      ),
    },
    { id: 'payload', header: messages.payload, cell: (message) => preview(message, messages, onOpen) },
    {
      id: 'routing_key',
      header: messages.routingKey,
      minor: true,
      cell: ({ routing_key }) => (
        <span className={styles['name']} title={routing_key}>
          {routing_key}
        </span>
      ),
    },
    {
      id: 'message_id',
      header: messages.messageId,
      minor: true,
      cell: ({ properties }) => (
        <span className={styles['name']} title={String(properties['message_id'] ?? '')}>
          {properties['message_id']}
        </span>
      ),
    },
    {
      id: 'size',
      header: messages.size,
      align: 'end',
      minor: true,
      cell: ({ payload_bytes }) => formats.bytes(payload_bytes),
    },
    {
      id: 'age',
      header: messages.age,
      align: 'end',
      cell: ({ arrived_at }) => (
        <time dateTime={arrived_at} title={formats.time(arrived_at)}>
          {formats.duration(Math.max(0, nowMs - Date.parse(arrived_at)))}
        </time>
      ),
    },
  ];
}

function toggled(selected: ReadonlySet<string>, position: string): ReadonlySet<string> {
  const changed = new Set(selected);
  if (!changed.delete(position)) changed.add(position);
  return changed;
}

/** The first line, and what is unusual about the message. */
function preview(
  message: Message,
  messages: Texts['messages'],
  onOpen: (position: string) => void,
): ReactNode {
  const { position, payload, encoding, payload_bytes, redelivered, persistent } = message;
  return (
    <span className={styles['preview']}>
      {/* for the pointer: with the keyboard the position is the way */}
      <button
        type="button"
        tabIndex={-1}
        className={styles['line']}
        title={messages.message(position)}
        onClick={() => onOpen(position)}
      >
        {payload_bytes === 0 ? (
          <span className={styles['empty']}>{messages.emptyPayload}</span>
        ) : (
          <code>{encoding === 'text' ? firstLine(payload) : firstBytes(payload)}</code>
        )}
      </button>
      {redelivered && <Badge tone="warn">{messages.redelivered}</Badge>}
      {!persistent && <Badge>{messages.transient}</Badge>}
    </span>
  );
}

function firstBytes(base64: string): string {
  return hexRows(base64, PREVIEW_BYTES).text.slice(HEX_FROM, HEX_TO);
}

function firstLine(text: string): string {
  const [line = ''] = text.trimStart().split('\n', 1);
  return line.slice(0, PREVIEW_CHARACTERS);
}
