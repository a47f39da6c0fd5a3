/** What publishing takes and answers, for the OpenAPI document. The routes check their input themselves: they have to be fast. */
import type { JsonSchema, RouteSchema } from './json-schema.ts';
import { TEXT_PROPERTIES } from './message-input.ts';

const text = { type: 'string' };

export const VHOST_PARAM: JsonSchema = { ...text, description: 'A vhost; `%2F` is the default one' };
export const QUEUE_PARAM: JsonSchema = { ...text, description: 'The name of a queue, percent-encoded' };

export const VHOST_PARAMS: JsonSchema = {
  type: 'object',
  properties: { vhost: VHOST_PARAM },
  required: ['vhost'],
};

export const QUEUE_PARAMS: JsonSchema = {
  type: 'object',
  properties: { vhost: VHOST_PARAM, queue: QUEUE_PARAM },
  required: ['vhost', 'queue'],
};

export const EXCHANGE_PARAMS: JsonSchema = {
  type: 'object',
  properties: {
    vhost: VHOST_PARAM,
    exchange: { ...text, description: 'The name of an exchange; `amq.default` is the default one' },
  },
  required: ['vhost', 'exchange'],
};

export const PROPERTIES_SCHEMA: JsonSchema = {
  type: 'object',
  description: 'The properties of AMQP: strings of at most 255 bytes, but for priority and timestamp',
  properties: {
    ...(Object.fromEntries(Object.keys(TEXT_PROPERTIES).map((name) => [name, text])) as Record<
      string,
      typeof text
    >),
    priority: { type: 'integer', minimum: 0, maximum: 255 },
    timestamp: { type: 'integer', minimum: 0, description: 'Seconds since 1970' },
  },
  additionalProperties: false,
};

export const HEADERS_SCHEMA: JsonSchema = {
  type: 'object',
  description:
    'Headers: a string is a longstr, a whole number a signed 64-bit integer, another number a double, true and false a boolean, an array an array, an object a table',
  additionalProperties: true,
};

export const TYPED_HEADERS_SCHEMA: JsonSchema = {
  type: 'object',
  description:
    'Headers of other types, each with the tag of its type in AMQP: `{"tag":"T","value":1767225600}`. Tags are t; b B s u I i; l L T (beyond 2^53 as a string); f d; D with `scale` and `value`; S; x with `base64`; A and F of such fields; V without a value',
  additionalProperties: {
    type: 'object',
    properties: { tag: text, value: {}, base64: text },
    required: ['tag'],
    additionalProperties: false,
  },
};

const MESSAGE_PROPERTIES = {
  routing_key: { ...text, description: 'Empty when absent' },
  payload: { ...text, description: 'The body of the message' },
  encoding: {
    ...text,
    enum: ['text', 'base64'],
    description: 'How the payload is written; text when absent',
  },
  properties: PROPERTIES_SCHEMA,
  headers: HEADERS_SCHEMA,
  typed_headers: TYPED_HEADERS_SCHEMA,
  persistent: { type: 'boolean', description: 'Whether it survives a restart; true when absent' },
  mandatory: { type: 'boolean', description: 'Whether it is an error when it leads to no queue' },
  ttl_ms: { type: 'integer', minimum: 0, maximum: 4_294_967_295, description: 'It expires after so long' },
  delay_ms: {
    type: 'integer',
    minimum: 0,
    maximum: 4_294_967_295,
    description: 'It is routed so much later',
  },
  deliver_at: { ...text, format: 'date-time', description: 'It is routed at this time' },
  idempotency_key: {
    ...text,
    maxLength: 255,
    description: 'As the header Idempotency-Key, for this message',
  },
};

const MESSAGE_SCHEMA = {
  type: 'object',
  properties: MESSAGE_PROPERTIES,
  required: ['payload'],
  additionalProperties: false,
};

const RAW_SCHEMA = {
  type: 'string',
  format: 'binary',
  description: 'The body of the message, byte by byte',
};

const PUBLISHED_PROPERTIES = {
  routed: { type: 'boolean', description: 'Whether it leads to a queue' },
  queues: { type: 'array', items: text, description: 'The queues that have it now' },
  deliver_at: { ...text, format: 'date-time', description: 'When it will be routed, if not now' },
  repeated: { type: 'boolean', description: 'It was there already, by its Idempotency-Key' },
};

const PUBLISHED_SCHEMA = {
  type: 'object',
  properties: PUBLISHED_PROPERTIES,
  required: ['routed', 'queues'],
};

const RAW_QUERY_SCHEMA = {
  type: 'object',
  properties: {
    raw: { type: 'boolean', description: 'Take the body as it is, although it is JSON' },
    routing_key: { ...text, description: 'For a raw body' },
    persistent: { type: 'boolean', description: 'For a raw body; true when absent' },
    mandatory: { type: 'boolean', description: 'For a raw body' },
    ttl_ms: { type: 'integer', minimum: 0, maximum: 4_294_967_295, description: 'For a raw body' },
    delay_ms: { type: 'integer', minimum: 0, maximum: 4_294_967_295, description: 'For a raw body' },
    deliver_at: { ...text, format: 'date-time', description: 'For a raw body' },
  },
  additionalProperties: false,
};

const RAW_HEADERS_SCHEMA = {
  type: 'object',
  properties: {
    'idempotency-key': {
      ...text,
      maxLength: 255,
      description: 'A request that is repeated with the same key publishes its message once',
    },
    'x-property-message-id': { ...text, description: 'For a raw body: X-Property-... sets any property' },
    'x-header-name': { ...text, description: 'For a raw body: X-Header-... sets a header, a string' },
  },
};

const ONE_BODY = {
  content: {
    'application/json': { schema: MESSAGE_SCHEMA },
    'application/octet-stream': { schema: RAW_SCHEMA },
    'text/plain': { schema: RAW_SCHEMA },
  },
};

const CONFIRMED =
  'Answered when the message is safe: a persistent one in a durable queue is on the disk then.';

export const PUBLISH_SCHEMA: RouteSchema = {
  tags: ['publish'],
  summary: 'Publish a message to an exchange',
  description: `${CONFIRMED} With any other media type than application/json, or with raw=true, the body is the message.`,
  params: EXCHANGE_PARAMS,
  querystring: RAW_QUERY_SCHEMA,
  headers: RAW_HEADERS_SCHEMA,
  body: ONE_BODY,
  response: { 200: { description: 'It is published', ...PUBLISHED_SCHEMA } },
};

export const PUBLISH_TO_QUEUE_SCHEMA: RouteSchema = {
  ...PUBLISH_SCHEMA,
  summary: 'Publish a message to a queue',
  description: `Through the default exchange. ${CONFIRMED}`,
  params: QUEUE_PARAMS,
};

export const PUBLISH_MANY_SCHEMA: RouteSchema = {
  tags: ['publish'],
  summary: 'Publish many messages to an exchange',
  description: `${CONFIRMED} Each message stands for itself: one that is refused does not keep back the others.`,
  params: EXCHANGE_PARAMS,
  headers: {
    type: 'object',
    properties: { 'idempotency-key': RAW_HEADERS_SCHEMA.properties['idempotency-key'] },
  },
  body: {
    content: {
      'application/json': { schema: { type: 'array', items: MESSAGE_SCHEMA, maxItems: 10_000 } },
      'application/x-ndjson': {
        schema: { type: 'string', description: 'A JSON object per line, as in the array' },
      },
    },
  },
  response: {
    200: { description: 'All are published', ...publishedMany() },
    207: { description: 'Some are not published: their results are problems', ...publishedMany() },
  },
};

function publishedMany() {
  return {
    type: 'object',
    properties: {
      published: { type: 'integer' },
      failed: { type: 'integer' },
      results: {
        type: 'array',
        description: 'For each message in its order: as of a single one, or a problem document',
        items: { type: 'object', properties: PUBLISHED_PROPERTIES, additionalProperties: true },
      },
    },
    required: ['published', 'failed', 'results'],
  };
}
