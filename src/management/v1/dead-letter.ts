/** What a dead letter says of itself: where it died, why, and with what error. Its headers may be anybody's. */
import type { Field, FieldTable } from '../../codec/field-table.ts';
import { deathEntries } from '../../core/message/death-headers.ts';
import { jsonOfField } from '../field-json.ts';

/** Headers in which consumers say what went wrong; the first one that a message has counts. */
export const ERROR_HEADERS: readonly string[] = [
  'x-error',
  'x-exception-message',
  'x-exception',
  'exception-message',
  'error',
  'leveret-error',
  'NServiceBus.ExceptionInfo.Message',
  'MT-Fault-Message',
  'rbs2-error-details',
];
/** Of an error: its first line, and no more than this. */
const ERROR_CHARACTERS_MAX = 200;

export interface DeadLetter {
  /** Undefined for a message that did not die. */
  readonly reason: string | undefined;
  readonly queue: string | undefined;
  /** What it was published to before, and with which keys. */
  readonly exchange: string | undefined;
  readonly routingKeys: readonly string[];
  readonly error: string | undefined;
  /** How often it died, all in all. */
  readonly deaths: number;
}

/** `source`: the queue that it is in. What happened there is not where it came from. */
export function deadLetterOf(headers: FieldTable | undefined, source: string): DeadLetter {
  const entries = deathEntries(headers) ?? [];
  const death = entries.find((entry) => textOf(entry.get('queue')) !== source) ?? entries[0];
  const of = (name: string): string | undefined =>
    textOf(death === undefined ? headers?.get(`x-first-death-${name}`) : death.get(name));
  return {
    reason: of('reason'),
    queue: of('queue'),
    exchange: of('exchange'),
    routingKeys: textsOf(death?.get('routing-keys')),
    error: errorOf(headers),
    deaths: entries.reduce((sum, entry) => sum + Number(entry.get('count')?.value), 0),
  };
}

function errorOf(headers: FieldTable | undefined): string | undefined {
  for (const name of ERROR_HEADERS) {
    const field = headers?.get(name);
    if (field !== undefined) return shownError(field);
  }
  return undefined;
}

function shownError(field: Field): string {
  const value = jsonOfField(field);
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const [line = ''] = text.trimStart().split('\n', 1);
  return line.slice(0, ERROR_CHARACTERS_MAX).trimEnd();
}

function textOf(field: Field | undefined): string | undefined {
  return typeof field?.value === 'string' ? field.value : undefined;
}

function textsOf(field: Field | undefined): readonly string[] {
  if (field?.tag !== 'A') return [];
  return (field.value as readonly Field[]).flatMap((each) => textOf(each) ?? []);
}
