/** Messages as they come over HTTP: as a JSON object, or as a raw body with its properties beside it. */

import { type FieldTable, field } from '../../codec/field-table.ts';
import type { BasicProperties } from '../../codec/properties.ts';
import { tableOfJson } from '../field-json.ts';
import { bytesOfBase64 } from '../payload-text.ts';
import { invalidPart } from './problem.ts';
import { RequestInput } from './request-input.ts';
import { withTypedHeaders } from './typed-headers.ts';

/** A message to be published. */
export interface MessageInput {
  readonly routingKey: string;
  readonly body: Uint8Array;
  readonly properties: BasicProperties;
  readonly mandatory: boolean;
  /** When it is to be published: milliseconds since 1970; undefined: now. */
  readonly deliverAtMs: number | undefined;
  readonly idempotencyKey: string | undefined;
}

const PERSISTENT = 2;
const TRANSIENT = 1;
const KEY_CHARACTERS_MAX = 255;
const DELAY_MS_MAX = 2 ** 32 - 1;

const MESSAGE_FIELDS: ReadonlySet<string> = new Set([
  'routing_key',
  'payload',
  'encoding',
  'properties',
  'headers',
  'typed_headers',
  'persistent',
  'mandatory',
  'ttl_ms',
  'delay_ms',
  'deliver_at',
  'idempotency_key',
]);

type TextProperty =
  | 'content_type'
  | 'content_encoding'
  | 'correlation_id'
  | 'reply_to'
  | 'message_id'
  | 'type'
  | 'user_id'
  | 'app_id'
  | 'cluster_id';
type TextField = {
  [field in keyof BasicProperties]-?: string extends BasicProperties[field] ? field : never;
}[keyof BasicProperties];

/** Properties that are strings, by their name in JSON. Those that have a field of their own are not among them. */
export const TEXT_PROPERTIES: { readonly [name in TextProperty]: TextField } = {
  content_type: 'contentType',
  content_encoding: 'contentEncoding',
  correlation_id: 'correlationId',
  reply_to: 'replyTo',
  message_id: 'messageId',
  type: 'type',
  user_id: 'userId',
  app_id: 'appId',
  cluster_id: 'clusterId',
};

const TEXT_PROPERTY_NAMES = Object.keys(TEXT_PROPERTIES) as (keyof typeof TEXT_PROPERTIES)[];

const PROPERTY_FIELDS: ReadonlySet<string> = new Set([...TEXT_PROPERTY_NAMES, 'priority', 'timestamp']);

/** What a message has that does not say otherwise. */
export interface MessageDefaults {
  readonly routingKey: string | undefined;
  /** The clock on the wall. */
  readonly nowMs: number;
  readonly idempotencyKey: string | undefined;
}

/** The header Idempotency-Key. Problem 400 when it is empty or too long. */
export function idempotencyKeyOf(headers: RequestHeaders): string | undefined {
  return keyOf('header/idempotency-key', headers['idempotency-key']);
}

function keyOf(at: string, key: string | string[] | undefined): string | undefined {
  if (key === undefined) return undefined;
  if (typeof key === 'string' && key.length > 0 && key.length <= KEY_CHARACTERS_MAX) return key;
  throw invalidPart(at, key, `it must have 1 to ${KEY_CHARACTERS_MAX} characters`);
}

/** The message of a JSON object, which stands at `at` (`body`, or `body/3`). Throws Problem 400, or ApiError 400 for headers. */
export function messageOfJson(json: unknown, at: string, defaults: MessageDefaults): MessageInput {
  const input = new RequestInput(at, json, MESSAGE_FIELDS);
  const properties = propertiesOf(input);
  properties.deliveryMode = input.flag('persistent') === false ? TRANSIENT : PERSISTENT;
  const ttlMs = input.integer('ttl_ms', { min: 0, max: 2 ** 32 - 1 });
  if (ttlMs !== undefined) properties.expiration = String(ttlMs);
  if (input.has('headers')) properties.headers = tableOfJson(input.raw('headers'), `${at}/headers`);
  if (input.has('typed_headers')) {
    const typed = input.raw('typed_headers');
    properties.headers = withTypedHeaders(properties.headers, typed, `${at}/typed_headers`);
  }
  const deliverAtMs = deliverAt(input, defaults.nowMs);
  if (deliverAtMs !== undefined) properties.headers = withDeliverAt(properties.headers, deliverAtMs);
  return {
    routingKey: routingKeyOf(input, defaults.routingKey),
    body: payloadOf(input, 'payload'),
    properties,
    mandatory: input.flag('mandatory') ?? false,
    deliverAtMs,
    idempotencyKey: keyOf(`${at}/idempotency_key`, input.text('idempotency_key')) ?? defaults.idempotencyKey,
  };
}

function routingKeyOf(input: RequestInput, fixed: string | undefined): string {
  const routingKey = input.text('routing_key');
  if (fixed === undefined) return routingKey ?? '';
  if (routingKey === undefined || routingKey === fixed) return fixed;
  throw invalidPart(
    `${input.at}/routing_key`,
    routingKey,
    `a message for one queue needs none; publish to an exchange to choose it, like /v1/exchanges/{vhost}/amq.default/messages`,
  );
}

/** The bytes of the string field `name`, written as the field `encoding` says. Problem 400. */
export function payloadOf(input: RequestInput, name: string): Uint8Array {
  const payload = input.text(name);
  if (payload === undefined) throw invalidPart(`${input.at}/${name}`, undefined, 'it must be a string');
  if ((input.oneOf('encoding', ['text', 'base64']) ?? 'text') === 'text') return Buffer.from(payload);
  const bytes = bytesOfBase64(payload);
  if (bytes !== undefined) return bytes;
  throw invalidPart(`${input.at}/${name}`, payload, 'it must be base64 with padding, as its encoding says');
}

function propertiesOf(input: RequestInput): BasicProperties {
  if (!input.has('properties')) return {};
  return readProperties(new RequestInput(`${input.at}/properties`, input.raw('properties'), PROPERTY_FIELDS));
}

function readProperties(given: RequestInput): BasicProperties {
  const properties: BasicProperties = {};
  for (const name of TEXT_PROPERTY_NAMES) {
    const text = given.text(name);
    if (text !== undefined) properties[TEXT_PROPERTIES[name]] = text;
  }
  const priority = given.integer('priority', { min: 0, max: 255 });
  if (priority !== undefined) properties.priority = priority;
  const timestamp = given.integer('timestamp', { min: 0, max: Number.MAX_SAFE_INTEGER });
  if (timestamp !== undefined) properties.timestamp = timestamp;
  return properties;
}

function deliverAt(input: RequestInput, nowMs: number): number | undefined {
  const delayMs = input.integer('delay_ms', { min: 0, max: DELAY_MS_MAX });
  const at = input.text('deliver_at');
  if (at === undefined) return delayMs === undefined ? undefined : nowMs + delayMs;
  if (delayMs !== undefined)
    throw invalidPart(`${input.at}/deliver_at`, at, 'it excludes delay_ms: give one of them');
  const atMs = Date.parse(at);
  if (Number.isSafeInteger(atMs) && atMs >= 0) return atMs;
  throw invalidPart(
    `${input.at}/deliver_at`,
    at,
    "it must be a time as RFC 3339 says it, like '2026-01-31T08:00:00Z'",
  );
}

function withDeliverAt(headers: FieldTable | undefined, atMs: number): FieldTable {
  return new Map(headers).set('x-deliver-at', field.long(atMs));
}

const RAW_QUERY: ReadonlySet<string> = new Set([
  'routing_key',
  'persistent',
  'mandatory',
  'ttl_ms',
  'delay_ms',
  'deliver_at',
  'raw',
]);
const PROPERTY_HEADER = 'x-property-';
const MESSAGE_HEADER = 'x-header-';
/** What `curl -d` says of any body: nothing about the message. */
const FORM = 'application/x-www-form-urlencoded';

type RequestHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** The message of a raw body: what else there is to it stands in the query and in the headers. Throws Problem 400. */
export function messageOfRaw(
  body: Uint8Array,
  query: unknown,
  headers: RequestHeaders,
  defaults: MessageDefaults,
): MessageInput {
  const input = new RequestInput('query', query, RAW_QUERY);
  const properties = propertiesOfHeaders(headers);
  properties.deliveryMode = input.flag('persistent') === false ? TRANSIENT : PERSISTENT;
  const ttlMs = input.integer('ttl_ms', { min: 0, max: 2 ** 32 - 1 });
  if (ttlMs !== undefined) properties.expiration = String(ttlMs);
  const deliverAtMs = deliverAt(input, defaults.nowMs);
  if (deliverAtMs !== undefined) properties.headers = withDeliverAt(properties.headers, deliverAtMs);
  return {
    routingKey: routingKeyOf(input, defaults.routingKey),
    body,
    properties,
    mandatory: input.flag('mandatory') ?? false,
    deliverAtMs,
    idempotencyKey: defaults.idempotencyKey,
  };
}

function propertiesOfHeaders(headers: RequestHeaders): BasicProperties {
  const properties: BasicProperties = {};
  const contentType = headers['content-type'];
  if (typeof contentType === 'string' && contentType !== FORM) properties.contentType = contentType;
  const contentEncoding = headers['content-encoding'];
  if (typeof contentEncoding === 'string') properties.contentEncoding = contentEncoding;
  const fields = new Map<string, unknown>();
  for (const name in headers) {
    const value = headers[name];
    if (!name.startsWith('x-')) continue;
    if (name.startsWith(PROPERTY_HEADER))
      fields.set(name.slice(PROPERTY_HEADER.length).replaceAll('-', '_'), value);
    else if (name.startsWith(MESSAGE_HEADER) && typeof value === 'string')
      properties.headers = new Map(properties.headers).set(
        name.slice(MESSAGE_HEADER.length),
        field.string(value),
      );
  }
  if (fields.size === 0) return properties;
  const given = new RequestInput('header/x-property', Object.fromEntries(fields), PROPERTY_FIELDS);
  return { ...properties, ...readProperties(given) };
}
