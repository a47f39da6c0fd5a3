/** Messages as they go out over HTTP. */
import type { Broker } from '../../core/broker.ts';
import type { Publication } from '../../core/message/publication.ts';
import { jsonOfTable } from '../field-json.ts';
import { type PayloadEncoding, payloadText } from '../payload-text.ts';
import { TEXT_PROPERTIES } from './message-input.ts';

/** A message without its place in a queue. Bodies longer than `truncate` bytes are cut there. */
export function messageJson(
  publication: Publication,
  encoding: PayloadEncoding,
  truncate: number,
): Record<string, unknown> {
  const { body, bodyStart, bodyEnd, exchange, routingKey, persistent, expirationMs } = publication;
  const payloadBytes = bodyEnd - bodyStart;
  const isTruncated = payloadBytes > truncate;
  const shown = body.subarray(bodyStart, isTruncated ? bodyStart + truncate : bodyEnd);
  const headers = publication.headers();
  return {
    exchange,
    routing_key: routingKey,
    ...payloadJson(shown, encoding),
    payload_bytes: payloadBytes,
    ...(isTruncated ? { truncated: true } : {}),
    persistent,
    ...(expirationMs < 0 ? {} : { ttl_ms: expirationMs }),
    properties: propertiesJson(publication),
    headers: headers === undefined ? {} : jsonOfTable(headers),
  };
}

export function payloadJson(
  bytes: Uint8Array,
  encoding: PayloadEncoding,
): { readonly payload: string; readonly encoding: 'text' | 'base64' } {
  const { text, isBase64 } = payloadText(bytes, encoding);
  return { payload: text, encoding: isBase64 ? 'base64' : 'text' };
}

function propertiesJson(publication: Publication): Record<string, string | number> {
  const properties = publication.properties();
  const json: Record<string, string | number> = {};
  for (const name of PROPERTY_NAMES) {
    const value = properties[TEXT_PROPERTIES[name]];
    if (value !== undefined) json[name] = value;
  }
  if (properties.priority !== undefined) json['priority'] = properties.priority;
  if (properties.timestamp !== undefined) json['timestamp'] = Number(properties.timestamp);
  return json;
}

const PROPERTY_NAMES = Object.keys(TEXT_PROPERTIES) as (keyof typeof TEXT_PROPERTIES)[];

/** A moment of core time as RFC 3339 says it. */
export function timeText({ runtime }: Broker, coreMs: number): string {
  const wallMs = runtime.environment.clock.wallMs() + coreMs - runtime.now();
  return new Date(wallMs).toISOString();
}
