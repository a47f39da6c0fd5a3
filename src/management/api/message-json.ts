/** Messages as RabbitMQ's API has them: `POST exchanges/.../publish` and `POST queues/.../get`. */
import { SHORTSTR_BYTES_MAX, utf8Length } from '../../codec/bytes.ts';
import type { BasicProperties } from '../../codec/properties.ts';
import type { GottenMessage } from '../../core/session/gotten-messages.ts';
import { badRequest } from '../api-error.ts';
import { jsonOfTable, tableOfJson } from '../field-json.ts';
import { bytesOfBase64, type PayloadEncoding, payloadText } from '../payload-text.ts';
import { type Body, kindOf, textIn } from './json-body.ts';

const TEXTS: ReadonlyArray<readonly [name: string, property: TextProperty]> = [
  ['cluster_id', 'clusterId'],
  ['app_id', 'appId'],
  ['user_id', 'userId'],
  ['type', 'type'],
  ['message_id', 'messageId'],
  ['expiration', 'expiration'],
  ['reply_to', 'replyTo'],
  ['correlation_id', 'correlationId'],
  ['content_encoding', 'contentEncoding'],
  ['content_type', 'contentType'],
];
type TextProperty =
  | 'clusterId'
  | 'appId'
  | 'userId'
  | 'type'
  | 'messageId'
  | 'expiration'
  | 'replyTo'
  | 'correlationId'
  | 'contentEncoding'
  | 'contentType';

const NUMBERS: ReadonlyArray<readonly [name: string, property: NumberProperty, maximum: number]> = [
  ['timestamp', 'timestamp', Number.MAX_SAFE_INTEGER],
  ['priority', 'priority', 255],
  ['delivery_mode', 'deliveryMode', 255],
];
type NumberProperty = 'timestamp' | 'priority' | 'deliveryMode';

/** The properties of a message to publish; keys that are none are ignored. Throws 400. */
export function propertiesIn(json: Body): BasicProperties {
  const properties: BasicProperties = {};
  for (const [name, property] of TEXTS) {
    if (json[name] !== undefined) properties[property] = shortText(json, name);
  }
  for (const [name, property, maximum] of NUMBERS) {
    if (json[name] !== undefined) properties[property] = numberOf(json[name], name, maximum);
  }
  if (json['headers'] !== undefined) properties.headers = tableOfJson(json['headers'], 'headers');
  return properties;
}

function shortText(json: Body, name: string): string {
  const text = textIn(json, name);
  requireShort(text, name);
  return text;
}

/** 400 for a text that AMQP has no room for. */
export function requireShort(text: string, name: string): void {
  const bytes = utf8Length(text);
  if (bytes > SHORTSTR_BYTES_MAX)
    throw badRequest(`${name} has ${bytes} bytes, but at most ${SHORTSTR_BYTES_MAX} are allowed`);
}

function numberOf(value: unknown, name: string, maximum: number): number {
  if (Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= maximum) return Number(value);
  throw badRequest(`not_int: ${name} is ${kindOf(value)}, but must be a whole number from 0 to ${maximum}`);
}

/** The bytes of a payload. Throws 400. */
export function payloadIn(body: Body): Uint8Array {
  const { payload, payload_encoding: encoding } = body;
  if (typeof payload !== 'string') throw badRequest(`payload_not_string: payload is ${kindOf(payload)}`);
  if (encoding === 'string') return Buffer.from(payload, 'utf8');
  if (encoding !== 'base64')
    throw badRequest(
      `unsupported_encoding: payload_encoding is ${kindOf(encoding)}, but must be 'string' or 'base64'`,
    );
  const bytes = bytesOfBase64(payload);
  if (bytes !== undefined) return bytes;
  throw badRequest('not_base64: payload is no base64, but payload_encoding says so');
}

export interface GetView {
  readonly encoding: PayloadEncoding;
  /** Bytes of a payload to show. */
  readonly truncate: number;
}

export function gottenJson({ publication, redelivered, messageCount }: GottenMessage, view: GetView): object {
  const { body, bodyStart, bodyEnd } = publication;
  const shown = body.subarray(bodyStart, Math.min(bodyEnd, bodyStart + view.truncate));
  return {
    payload_bytes: bodyEnd - bodyStart,
    redelivered,
    exchange: publication.exchange,
    routing_key: publication.routingKey,
    message_count: messageCount,
    properties: propertiesJson(publication.properties()),
    ...payloadJson(shown, view.encoding),
  };
}

function payloadJson(bytes: Uint8Array, encoding: PayloadEncoding): object {
  const { text, isBase64 } = payloadText(bytes, encoding);
  return { payload: text, payload_encoding: isBase64 ? 'base64' : 'string' };
}

/** RabbitMQ shows a message without properties with an empty list, and typed clients were made for that. */
function propertiesJson(properties: BasicProperties): object {
  const json: Record<string, unknown> = {};
  for (const [name, property] of TEXTS.slice(0, 4)) json[name] = properties[property];
  json['timestamp'] = properties.timestamp;
  for (const [name, property] of TEXTS.slice(4, 8)) json[name] = properties[property];
  json['priority'] = properties.priority;
  json['delivery_mode'] = properties.deliveryMode;
  json['headers'] = properties.headers && jsonOfTable(properties.headers);
  for (const [name, property] of TEXTS.slice(8)) json[name] = properties[property];
  return Object.values(json).every((value) => value === undefined) ? [] : json;
}
