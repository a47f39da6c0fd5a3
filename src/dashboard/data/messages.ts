/** Looking into queues, publishing, dropping: docs of GET /v1/queues/{vhost}/{queue}/messages and its neighbours. */
import { exchangeInPath } from './exchanges.ts';
import { queryText, request, segment } from './http.ts';

/** A header with its type in AMQP, where plain JSON would lose it. */
export interface TypedHeader {
  readonly tag: string;
  readonly value?: unknown;
  readonly base64?: string;
}

export type Headers = Readonly<Record<string, unknown>>;
export type TypedHeaders = Readonly<Record<string, TypedHeader>>;

export interface Message {
  readonly position: string;
  readonly exchange: string;
  readonly routing_key: string;
  readonly payload: string;
  readonly encoding: 'text' | 'base64';
  readonly payload_bytes: number;
  readonly truncated?: boolean;
  readonly persistent: boolean;
  readonly ttl_ms?: number;
  readonly properties: Readonly<Record<string, string | number>>;
  readonly headers: Headers;
  readonly typed_headers?: TypedHeaders;
  readonly redelivered: boolean;
  readonly return_count: number;
  readonly arrived_at: string;
}

export interface MessagesAnswer {
  readonly messages: readonly Message[];
  readonly looked_at: number;
  /** Where to go on; null at the end of the queue. */
  readonly next: string | null;
}

export const CONDITION_KINDS = ['search', 'header', 'json', 'routing_key', 'message_id'] as const;
export type ConditionKind = (typeof CONDITION_KINDS)[number];

export interface Condition {
  readonly kind: ConditionKind;
  /** Of the header, or the path in JSON; empty for the other kinds. */
  readonly name: string;
  readonly value: string;
}

/** The field of a query that says the condition, of the API as of the address of the page. */
export function fieldOf({ kind, name }: Condition): string {
  return kind === 'header' || kind === 'json' ? `${kind}.${name}` : kind;
}

export function conditionsOf(query: URLSearchParams): readonly Condition[] {
  const conditions: Condition[] = [];
  for (const [field, value] of query) {
    const [kind, name] = [field.slice(0, dotOf(field)), field.slice(dotOf(field) + 1)];
    if (kind === 'header' || kind === 'json') conditions.push({ kind, name, value });
    else if (field === 'search' || field === 'routing_key' || field === 'message_id')
      conditions.push({ kind: field, name: '', value });
  }
  return conditions;
}

function dotOf(field: string): number {
  const at = field.indexOf('.');
  return at < 0 ? field.length : at;
}

interface Look {
  readonly conditions?: readonly Condition[];
  readonly from?: string | undefined;
  readonly limit: number;
  /** Bytes of each payload. */
  readonly truncate: number;
  readonly typedHeaders?: boolean;
}

/** What can be done with a queue under /v1 is below it. */
export function queueResource(vhost: string, queue: string): string {
  return `/v1/queues/${segment(vhost)}/${segment(queue)}`;
}

export function messagesPath(vhost: string, queue: string, look: Look): string {
  const { conditions = [], from, limit, truncate, typedHeaders } = look;
  const fields = new Map<string, string | number | boolean | undefined>();
  for (const condition of conditions) fields.set(fieldOf(condition), condition.value);
  fields.set('from', from).set('limit', limit).set('truncate', truncate).set('typed_headers', typedHeaders);
  return `${queueResource(vhost, queue)}/messages${queryText(Object.fromEntries(fields))}`;
}

export interface DropAnswer {
  readonly dropped: number;
  /** Those that were not ready any more. */
  readonly gone: number;
}

/** Of one request. */
const POSITIONS_MAX = 10_000;

export async function dropMessages(
  vhost: string,
  queue: string,
  positions: readonly string[],
): Promise<DropAnswer> {
  let [dropped, gone] = [0, 0];
  for (let at = 0; at < positions.length; at += POSITIONS_MAX) {
    const answer = await request<DropAnswer>('DELETE', `${queueResource(vhost, queue)}/messages`, {
      positions: positions.slice(at, at + POSITIONS_MAX),
    });
    dropped += answer.dropped;
    gone += answer.gone;
  }
  return { dropped, gone };
}

/** What publishing takes. */
export interface MessageToPublish {
  readonly routing_key?: string;
  readonly payload: string;
  readonly encoding: 'text' | 'base64';
  readonly properties: Readonly<Record<string, string | number>>;
  readonly headers: Headers;
  readonly typed_headers?: TypedHeaders;
  readonly persistent: boolean;
  readonly mandatory: boolean;
  readonly ttl_ms?: number;
  readonly delay_ms?: number;
}

export interface PublishAnswer {
  readonly routed: boolean;
  readonly queues: readonly string[];
  readonly deliver_at?: string;
}

export type PublishTarget = { readonly queue: string } | { readonly exchange: string };

export function publish(
  vhost: string,
  target: PublishTarget,
  message: MessageToPublish,
): Promise<PublishAnswer> {
  const path =
    'queue' in target
      ? queueResource(vhost, target.queue)
      : `/v1/exchanges/${segment(vhost)}/${segment(exchangeInPath(target.exchange))}`;
  return request('POST', `${path}/messages`, message);
}

/** An entry of the header x-death. */
export interface Death {
  readonly reason: string;
  readonly queue: string;
  readonly exchange: string;
  readonly routingKeys: readonly string[];
  readonly count: number;
  /** Seconds since 1970. */
  readonly time: number | undefined;
}

/** The newest first. Headers may be anybody's: what is not in the form of x-death is left out. */
export function deathsOf(headers: Headers): readonly Death[] {
  const entries = headers['x-death'];
  if (!Array.isArray(entries)) return [];
  return entries.flatMap((entry: unknown) => {
    if (typeof entry !== 'object' || entry === null) return [];
    const field = (name: string): unknown => (entry as Readonly<Record<string, unknown>>)[name];
    const keys = field('routing-keys');
    const time = field('time');
    return {
      reason: textOf(field('reason')),
      queue: textOf(field('queue')),
      exchange: textOf(field('exchange')),
      routingKeys: Array.isArray(keys) ? keys.map(textOf) : [],
      count: Number(field('count') ?? 1),
      time: typeof time === 'number' ? time : undefined,
    };
  });
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
