/** A message as it is written in a form, and what is published of it. */
import { exchangeInPath } from '../../data/exchanges.ts';
import type { Headers, Message, MessageToPublish, PublishTarget, TypedHeader } from '../../data/messages.ts';
import { type ArgumentRow, argumentRowsOf, argumentsOf } from '../../parts/argument-rows.ts';

/** What a form begins with: nothing, or what another message has. */
export type MessageSeed = Partial<
  Pick<
    Message,
    | 'position'
    | 'exchange'
    | 'routing_key'
    | 'payload'
    | 'encoding'
    | 'persistent'
    | 'ttl_ms'
    | 'properties'
    | 'headers'
    | 'typed_headers'
  >
>;

export const TEXT_PROPERTIES = [
  'content_type',
  'message_id',
  'correlation_id',
  'reply_to',
  'type',
  'app_id',
  'user_id',
  'content_encoding',
  'cluster_id',
] as const;
export type TextProperty = (typeof TEXT_PROPERTIES)[number];

export const PAYLOAD_FORMS = ['text', 'json', 'base64'] as const;
export type PayloadForm = (typeof PAYLOAD_FORMS)[number];

export interface MessageDraft {
  readonly to: 'queue' | 'exchange';
  readonly queue: string;
  readonly exchange: string;
  readonly routingKey: string;
  readonly form: PayloadForm;
  readonly payload: string;
  readonly persistent: boolean;
  readonly mandatory: boolean;
  readonly texts: Readonly<Record<TextProperty, string>>;
  readonly priority: number | undefined;
  readonly timestamp: number | undefined;
  readonly ttlMs: number | undefined;
  readonly delayMs: number | undefined;
  readonly headers: readonly ArgumentRow[];
  /** Headers whose types a form cannot show: published as they were. */
  readonly typedHeaders: readonly (readonly [name: string, header: TypedHeader])[];
}

interface DraftPlace {
  readonly queue?: string | undefined;
  readonly exchange?: string | undefined;
  /** Publishing to a queue goes through the default exchange. */
  readonly mayUseQueue: boolean;
  /** Whose user id may be sent again. */
  readonly username: string;
}

export function draftOf(
  seed: MessageSeed,
  { queue, exchange, mayUseQueue, username }: DraftPlace,
): MessageDraft {
  const { properties = {}, headers = {}, typed_headers = {} } = seed;
  const typed = Object.entries(typed_headers);
  const named = exchange ?? seed.exchange;
  const text = (name: TextProperty): string => String(properties[name] ?? '');
  return {
    to: queue !== undefined && mayUseQueue ? 'queue' : 'exchange',
    queue: queue ?? '',
    exchange: named === undefined ? '' : exchangeInPath(named),
    routingKey: seed.routing_key ?? '',
    form: formOf(seed),
    payload: seed.payload ?? '',
    persistent: seed.persistent ?? true,
    mandatory: false,
    texts: {
      content_type: text('content_type'),
      message_id: text('message_id'),
      correlation_id: text('correlation_id'),
      reply_to: text('reply_to'),
      type: text('type'),
      app_id: text('app_id'),
      user_id: text('user_id') === username ? username : '',
      content_encoding: text('content_encoding'),
      cluster_id: text('cluster_id'),
    },
    priority: numberOf(properties['priority']),
    timestamp: numberOf(properties['timestamp']),
    ttlMs: seed.ttl_ms,
    delayMs: undefined,
    headers: argumentRowsOf(withoutNames(headers, new Set(typed.map(([name]) => name)))),
    typedHeaders: typed,
  };
}

function formOf({ payload, encoding, properties }: MessageSeed): PayloadForm {
  if (encoding === 'base64') return 'base64';
  if (payload === undefined) return 'text';
  const isJson = /\bjson\b/.test(String(properties?.['content_type'] ?? ''));
  return isJson && jsonProblem(payload) === undefined ? 'json' : 'text';
}

function numberOf(value: string | number | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function withoutNames(headers: Headers, names: ReadonlySet<string>): Headers {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !names.has(name)));
}

export function targetOf({ to, queue, exchange }: MessageDraft): PublishTarget {
  return to === 'queue' ? { queue } : { exchange };
}

/** Undefined while something that was written is wrong. */
export function messageOf(draft: MessageDraft): MessageToPublish | undefined {
  const headers = argumentsOf(draft.headers);
  const { to, form, payload, routingKey, persistent, mandatory, ttlMs, delayMs, typedHeaders } = draft;
  if (headers === undefined || payloadProblem(draft) !== undefined) return undefined;
  if (to === 'exchange' && draft.exchange === '') return undefined;
  return {
    ...(to === 'exchange' ? { routing_key: routingKey } : {}),
    payload: form === 'base64' ? payload.replace(/\s/g, '') : payload,
    encoding: form === 'base64' ? 'base64' : 'text',
    properties: propertiesOf(draft),
    headers,
    ...(typedHeaders.length === 0 ? {} : { typed_headers: Object.fromEntries(typedHeaders) }),
    persistent,
    mandatory,
    ...(ttlMs === undefined ? {} : { ttl_ms: ttlMs }),
    ...(delayMs === undefined ? {} : { delay_ms: delayMs }),
  };
}

/** What is empty is absent, but for the type of what is written as JSON. */
function propertiesOf({ form, texts, priority, timestamp }: MessageDraft): Record<string, string | number> {
  const properties: Record<string, string | number> = {};
  for (const name of TEXT_PROPERTIES) if (texts[name] !== '') properties[name] = texts[name];
  if (form === 'json') properties['content_type'] ??= 'application/json';
  if (priority !== undefined) properties['priority'] = priority;
  if (timestamp !== undefined) properties['timestamp'] = timestamp;
  return properties;
}

export type PayloadProblem = { readonly kind: 'json'; readonly why: string } | { readonly kind: 'base64' };

export function payloadProblem({ form, payload }: MessageDraft): PayloadProblem | undefined {
  if (form === 'text') return undefined;
  if (form === 'base64') return BASE64.test(payload.replace(/\s/g, '')) ? undefined : { kind: 'base64' };
  const why = jsonProblem(payload);
  return why === undefined ? undefined : { kind: 'json', why };
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function jsonProblem(text: string): string | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
