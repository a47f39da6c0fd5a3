import { queryText, request, segment } from './http.ts';
import type { RateDetails } from './rate-curve.ts';

export interface ExchangeName {
  readonly vhost: string;
  readonly name: string;
}

export interface ExchangeRow extends ExchangeName {
  readonly type: string;
  readonly durable: boolean;
  readonly auto_delete: boolean;
  readonly internal: boolean;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** Absent without one. */
  readonly policy?: string;
  /** Absent before the first message. */
  readonly message_stats?: {
    readonly publish_in?: number;
    readonly publish_out?: number;
    readonly publish_in_details?: RateDetails;
    readonly publish_out_details?: RateDetails;
  };
}

/** The fields of a row. */
export const EXCHANGE_COLUMNS: string = [
  'name',
  'vhost',
  'type',
  'durable',
  'auto_delete',
  'internal',
  'arguments',
  'policy',
  'message_stats.publish_in_details.rate',
  'message_stats.publish_out_details.rate',
].join(',');

const DEFAULT_IN_PATH = 'amq.default';

/** The default exchange has no name; in addresses, and where permissions are asked for, it has one. */
export function exchangeInPath(name: string): string {
  return name === '' ? DEFAULT_IN_PATH : name;
}

export function exchangeFromPath(name: string): string {
  return name === DEFAULT_IN_PATH ? '' : name;
}

/** Those that the broker declares cannot be deleted. */
export function isPredeclared(name: string): boolean {
  return name === '' || name.startsWith('amq.');
}

function pathOf({ vhost, name }: ExchangeName): string {
  return `/api/exchanges/${segment(vhost)}/${segment(exchangeInPath(name))}`;
}

/** With the rates of the last `age` seconds. */
export function exchangePath(
  exchange: ExchangeName,
  range: { readonly age: number; readonly incr: number },
): string {
  return `${pathOf(exchange)}${queryText({ msg_rates_age: range.age, msg_rates_incr: range.incr })}`;
}

export function bindingsFromPath(exchange: ExchangeName): string {
  return `${pathOf(exchange)}/bindings/source`;
}

export function bindingsToPath(exchange: ExchangeName): string {
  return `${pathOf(exchange)}/bindings/destination`;
}

export interface ExchangeDeclaration extends ExchangeName {
  readonly type: string;
  readonly durable: boolean;
  readonly auto_delete: boolean;
  readonly internal: boolean;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** Declaring what is there already does nothing, or is refused when it differs. */
export function declareExchange({ vhost, name, ...declaration }: ExchangeDeclaration): Promise<void> {
  return request('PUT', pathOf({ vhost, name }), declaration);
}

export interface ExchangeDeletion extends ExchangeName {
  readonly ifUnused: boolean;
}

export function deleteExchange({ ifUnused, ...exchange }: ExchangeDeletion): Promise<void> {
  return request('DELETE', `${pathOf(exchange)}${queryText({ 'if-unused': ifUnused || undefined })}`);
}
