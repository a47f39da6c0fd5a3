/** Messages for a terminal, from the JSON of Leveret's API and of RabbitMQ's. */
import { entriesAt, fieldAt, isTrueAt, numberAt, shortText, textAt } from './api/json-fields.ts';
import { exchangeText } from './terminal/name-texts.ts';
import type { Output } from './terminal/output.ts';
import { bytesText, spanText } from './terminal/quantity-texts.ts';
import { visible, visibleLines } from './terminal/text-width.ts';

export interface MessageFormat {
  /** A line of JSON each. */
  readonly json: boolean;
  /** The bodies alone, byte by byte, with a line break behind each. */
  readonly bodyOnly: boolean;
}

/** Prints one message; `number` counts from 1. */
export function printMessage(output: Output, message: unknown, number: number, format: MessageFormat): void {
  if (format.json) output.jsonLine(message);
  else if (format.bodyOnly) output.bytes(Buffer.concat([bodyOf(message), Buffer.from('\n')]));
  else output.lines(messageLines(output, message, number));
}

function messageLines(output: Output, message: unknown, number: number): string[] {
  const properties = propertiesOf(message);
  const width = Math.max(0, ...properties.map(([name]) => name.length));
  const lines = properties.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`);
  const body = bodyText(message);
  return [
    ...(number === 1 ? [] : ['']),
    output.style(`Message ${number}: ${titleOf(message)}`, 'bold'),
    ...lines,
    '',
    ...(body === '' ? ['(empty)'] : body.replace(/\n$/, '').split('\n')),
  ];
}

function titleOf(message: unknown): string {
  const isPersistent = isTrueAt(message, 'persistent') || numberAt(message, 'properties.delivery_mode') === 2;
  const parts = [
    bytesText(numberAt(message, 'payload_bytes') ?? 0),
    `exchange ${exchangeText(textAt(message, 'exchange'))}`,
    `routing key '${visible(textAt(message, 'routing_key') ?? '')}'`,
    isPersistent ? 'persistent' : 'transient',
    isTrueAt(message, 'redelivered') ? 'redelivered' : '',
    stateText(message),
  ];
  return parts.filter((part) => part !== '').join(', ');
}

/** What a look into a queue says of a message that is not ready. */
function stateText(message: unknown): string {
  const state = textAt(message, 'state');
  return state === undefined || state === 'ready' ? '' : visible(state);
}

function propertiesOf(message: unknown): (readonly [string, string])[] {
  const properties = entriesAt(message, 'properties').filter(
    ([name]) => name !== 'headers' && name !== 'delivery_mode',
  );
  const headers = [...entriesAt(message, 'headers'), ...entriesAt(message, 'properties.headers')];
  const ttlMs = numberAt(message, 'ttl_ms');
  const arrivedAt = textAt(message, 'arrived_at');
  const returnCount = numberAt(message, 'return_count') ?? 0;
  return [
    ...properties.map(([name, value]) => [visible(name), visible(shortText(value))] as const),
    ...headers.map(([name, value]) => [`header ${visible(name)}`, visible(shortText(value))] as const),
    ...(ttlMs === undefined ? [] : [['ttl', spanText(ttlMs / 1000)] as const]),
    ...(arrivedAt === undefined ? [] : [['arrived_at', visible(arrivedAt)] as const]),
    ...(returnCount === 0 ? [] : [['return_count', String(returnCount)] as const]),
  ];
}

function bodyText(message: unknown): string {
  if (isBase64(message)) {
    return `(${bytesText(numberAt(message, 'payload_bytes'))} that are no text: --body prints them as they are)`;
  }
  const text = visibleLines(textAt(message, 'payload') ?? '');
  return isTrueAt(message, 'truncated') ? `${text}… (cut short)` : text;
}

function bodyOf(message: unknown): Buffer {
  return Buffer.from(textAt(message, 'payload') ?? '', isBase64(message) ? 'base64' : 'utf8');
}

function isBase64(message: unknown): boolean {
  const encoding = fieldAt(message, 'encoding') ?? fieldAt(message, 'payload_encoding');
  return encoding === 'base64';
}
