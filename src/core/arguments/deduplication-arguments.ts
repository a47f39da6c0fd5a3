/**
 * The arguments that make an exchange or a queue drop repeated messages. Names and meaning are those of RabbitMQ's plugin
 * (noxdafox/rabbitmq-message-deduplication) and of LavinMQ.
 */
import type { Field, FieldTable } from '../../codec/field-table.ts';
import { preconditionFailed } from '../failures.ts';
import { fieldText, isInteger } from './field-text.ts';

export interface DeduplicationArguments {
  /** The header whose value says which messages are the same. */
  readonly header: string;
  /** How many values are remembered; undefined: as many as there is room for. */
  readonly sizeMax: number | undefined;
  /** For how long; undefined: an exchange as long as there is room, a queue as long as the message is in it. */
  readonly ttlMs: number | undefined;
}

const HEADER_DEFAULT = 'x-deduplication-header';
/** As an expiration: a u32 of milliseconds, 49 days. */
const TTL_MAX_MS = 2 ** 32 - 1;

/** All of them; they must mean the same when an exchange or a queue is declared again. */
export const DEDUPLICATION_KEYS: readonly string[] = [
  'x-message-deduplication',
  'x-cache-size',
  'x-cache-ttl',
  'x-deduplication-header',
];

/** Undefined: nothing is deduplicated. 406 for a wrong argument; `resource` names what it is for. */
export function parseDeduplication(args: FieldTable, resource: string): DeduplicationArguments | undefined {
  const enabled = args.get('x-message-deduplication');
  if (enabled === undefined || enabled.value === false) return undefined;
  if (enabled.value !== true)
    throw invalidArgument('x-message-deduplication', 'true or false', enabled, resource);
  return deduplicationOf(args, resource);
}

/** The same for an exchange whose type says that it deduplicates. */
export function deduplicationOf(args: FieldTable, resource: string): DeduplicationArguments {
  const header = args.get('x-deduplication-header');
  if (header !== undefined && typeof header.value !== 'string')
    throw invalidArgument('x-deduplication-header', 'the name of a header', header, resource);
  return {
    header: (header?.value as string | undefined) ?? HEADER_DEFAULT,
    sizeMax: positiveInteger(args, 'x-cache-size', Number.MAX_SAFE_INTEGER, resource),
    ttlMs: positiveInteger(args, 'x-cache-ttl', TTL_MAX_MS, resource),
  };
}

/** For how long a message asks to be remembered, in header x-cache-ttl; undefined: it does not, or in no way that is understood. */
export function cacheTtlOf(headers: FieldTable): number | undefined {
  const field = headers.get('x-cache-ttl');
  if (field === undefined || !isInteger(field)) return undefined;
  const ttlMs = Number(field.value);
  return ttlMs > 0 && ttlMs <= TTL_MAX_MS ? ttlMs : undefined;
}

function positiveInteger(
  args: FieldTable,
  key: string,
  maximum: number,
  resource: string,
): number | undefined {
  const field = args.get(key);
  if (field === undefined) return undefined;
  const value = isInteger(field) ? Number(field.value) : 0;
  if (value > 0 && value <= maximum) return value;
  throw invalidArgument(key, `an integer from 1 to ${maximum}`, field, resource);
}

function invalidArgument(key: string, allowed: string, found: Field, resource: string): Error {
  return preconditionFailed(
    `invalid arg '${key}' for ${resource}: expected ${allowed}, got ${fieldText(found)} of type ${found.tag}`,
  );
}
