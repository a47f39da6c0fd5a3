/**
 * The history that a message carries when it is dead-lettered, as RabbitMQ 3.13 writes it:
 *
 *     x-death: [ { count l, reason S, queue S, time T, exchange S, routing-keys [S], original-expiration S }, ... ]
 *     x-first-death-{queue, reason, exchange}     the first time, never changed afterwards
 *     x-last-death-{queue, reason, exchange}      the last time
 *
 * x-death has one entry for each pair of queue and reason, the newest death first. A repeated death counts up its entry,
 * which keeps all else as it was the first time.
 */
import { type Field, type FieldTable, field } from '../../codec/field-table.ts';
import type { BasicProperties } from '../../codec/properties.ts';

export type DeathReason = 'rejected' | 'expired' | 'maxlen' | 'delivery_limit';

/** One death of a message. */
export interface Death {
  readonly queue: string;
  readonly reason: DeathReason;
  /** Seconds since 1970. */
  readonly timeSeconds: number;
  /** The exchange that the message was published to. */
  readonly exchange: string;
  /** The keys that it was published with, CC included and BCC not. */
  readonly routingKeys: readonly string[];
  /** The per-message TTL in milliseconds as a decimal string; the expiration property of the message unless given. */
  readonly originalExpiration?: string | undefined;
}

/**
 * The properties of a message that died: with the death in its headers, and without an expiration, so that it does not
 * expire again where it goes. A client's own malformed x-death entries are dropped.
 */
export function withDeath(properties: BasicProperties, death: Death): BasicProperties {
  const headers: FieldTable = new Map(properties.headers);
  const former = deathEntries(headers);
  const originalExpiration = death.originalExpiration ?? properties.expiration;
  headers.set('x-death', field.array(prependDeath(former ?? [], death, originalExpiration)));
  if (former === undefined) setDeathHeaders(headers, 'x-first-death', death);
  setDeathHeaders(headers, 'x-last-death', death);
  return { ...properties, headers, expiration: undefined };
}

/**
 * True when a message with these properties has been in `targetQueue` before, and nobody has rejected it since: it would
 * go round for ever, so it is dropped. To be asked after `withDeath`.
 */
export function isDeathCycle(properties: BasicProperties, targetQueue: string): boolean {
  for (const entry of deathEntries(properties.headers) ?? []) {
    if (entry.get('reason')?.value === 'rejected') return false;
    if (entry.get('queue')?.value === targetQueue) return true;
  }
  return false;
}

/** The well-formed entries of x-death, newest first; undefined when the message has not died before. */
export function deathEntries(headers: FieldTable | undefined): FieldTable[] | undefined {
  const deaths = headers?.get('x-death');
  if (deaths?.tag !== 'A') return undefined;
  const entries = deaths.value as readonly Field[];
  return entries.map((entry) => entry.value).filter(isDeathEntry);
}

function isDeathEntry(value: Field['value']): value is FieldTable {
  return (
    value instanceof Map &&
    typeof value.get('queue')?.value === 'string' &&
    typeof value.get('reason')?.value === 'string' &&
    typeof value.get('exchange')?.value === 'string' &&
    typeof value.get('count')?.value === 'number' &&
    typeof value.get('time')?.value === 'number' &&
    value.get('routing-keys')?.tag === 'A'
  );
}

function prependDeath(
  former: readonly FieldTable[],
  death: Death,
  originalExpiration: string | undefined,
): Field[] {
  const same = former.find((entry) => isSameDeath(entry, death));
  const newest = same === undefined ? deathEntry(death, originalExpiration) : countedUp(same);
  return [newest, ...former.filter((entry) => entry !== same)].map(field.table);
}

function isSameDeath(entry: FieldTable, death: Death): boolean {
  return entry.get('queue')?.value === death.queue && entry.get('reason')?.value === death.reason;
}

function countedUp(entry: FieldTable): FieldTable {
  const count = Number(entry.get('count')?.value);
  return new Map(entry).set('count', field.long(count + 1));
}

function deathEntry(death: Death, originalExpiration: string | undefined): FieldTable {
  const entry: FieldTable = new Map([
    ['count', field.long(1)],
    ['reason', field.string(death.reason)],
    ['queue', field.string(death.queue)],
    ['time', field.timestamp(death.timeSeconds)],
    ['exchange', field.string(death.exchange)],
    ['routing-keys', field.array(death.routingKeys.map(field.string))],
  ]);
  if (originalExpiration !== undefined) entry.set('original-expiration', field.string(originalExpiration));
  return entry;
}

function setDeathHeaders(headers: FieldTable, prefix: string, death: Death): void {
  headers.set(`${prefix}-reason`, field.string(death.reason));
  headers.set(`${prefix}-queue`, field.string(death.queue));
  headers.set(`${prefix}-exchange`, field.string(death.exchange));
}
