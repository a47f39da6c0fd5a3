/** A message on its way to the API, and the two forms in which brokers take it. */
import type { JsonValue } from '../grammar/flag-kinds.ts';

export interface OutgoingMessage {
  readonly routingKey: string;
  readonly body: Uint8Array;
  /** By their names in the API: `content_type`, `message_id`, ... */
  readonly properties: { readonly [name: string]: JsonValue };
  readonly headers: { readonly [name: string]: JsonValue };
  readonly persistent: boolean;
  readonly ttlMs: number | undefined;
  readonly delayMs: number | undefined;
  /** As RFC 3339 says it. */
  readonly deliverAt: string | undefined;
  readonly idempotencyKey: string | undefined;
}

/** For `/v1/exchanges/{vhost}/{exchange}/messages`. */
export function leveretMessage(message: OutgoingMessage): { readonly [field: string]: JsonValue } {
  const { payload, encoding } = payloadOf(message.body);
  return {
    routing_key: message.routingKey,
    payload,
    ...(encoding === 'string' ? {} : { encoding }),
    ...(isEmpty(message.properties) ? {} : { properties: message.properties }),
    ...(isEmpty(message.headers) ? {} : { headers: message.headers }),
    ...(message.persistent ? {} : { persistent: false }),
    ...(message.ttlMs === undefined ? {} : { ttl_ms: message.ttlMs }),
    ...(message.delayMs === undefined ? {} : { delay_ms: message.delayMs }),
    ...(message.deliverAt === undefined ? {} : { deliver_at: message.deliverAt }),
    ...(message.idempotencyKey === undefined ? {} : { idempotency_key: message.idempotencyKey }),
  };
}

/** For `/api/exchanges/{vhost}/{exchange}/publish`. */
export function rabbitmqMessage(message: OutgoingMessage): { readonly [field: string]: JsonValue } {
  const { payload, encoding } = payloadOf(message.body);
  return {
    routing_key: message.routingKey,
    payload,
    payload_encoding: encoding,
    properties: {
      ...message.properties,
      ...(isEmpty(message.headers) ? {} : { headers: message.headers }),
      ...(message.ttlMs === undefined ? {} : { expiration: String(message.ttlMs) }),
      delivery_mode: message.persistent ? 2 : 1,
    },
  };
}

/** What only Leveret has: it must not get lost on the way to another broker. */
export function leveretFeature(message: OutgoingMessage): string | undefined {
  if (message.delayMs !== undefined) return '--delay';
  if (message.deliverAt !== undefined) return '--at';
  return message.idempotencyKey === undefined ? undefined : '--idempotency-key';
}

function payloadOf(body: Uint8Array): { readonly payload: string; readonly encoding: 'string' | 'base64' } {
  try {
    return {
      payload: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body),
      encoding: 'string',
    };
  } catch {
    return { payload: Buffer.from(body).toString('base64'), encoding: 'base64' };
  }
}

function isEmpty(value: object): boolean {
  return Object.keys(value).length === 0;
}
