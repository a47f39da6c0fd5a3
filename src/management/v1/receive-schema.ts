import { DURATION_PATTERN } from './duration.ts';
import type { JsonProperties, JsonSchema, RouteSchema } from './json-schema.ts';
import {
  HEADERS_SCHEMA,
  PROPERTIES_SCHEMA,
  QUEUE_PARAM,
  QUEUE_PARAMS,
  VHOST_PARAM,
} from './messages-schema.ts';

const text = { type: 'string' };
const time = { type: 'string', format: 'date-time' };
const duration = { type: 'string', pattern: DURATION_PATTERN };

export const SHOWN_ENCODING: JsonSchema = {
  ...text,
  enum: ['auto', 'base64'],
  description: 'auto: text where it is UTF-8, base64 otherwise',
};

/** A message as it is shown: what receiving, streaming and looking have in common. */
export const SHOWN_MESSAGE: JsonProperties = {
  exchange: text,
  routing_key: text,
  payload: text,
  encoding: { ...text, enum: ['text', 'base64'] },
  payload_bytes: { type: 'integer', description: 'Of the whole body' },
  truncated: { type: 'boolean', description: 'The payload is cut short' },
  persistent: { type: 'boolean' },
  ttl_ms: { type: 'integer' },
  properties: PROPERTIES_SCHEMA,
  headers: HEADERS_SCHEMA,
  redelivered: { type: 'boolean', description: 'It may have been delivered before' },
  return_count: { type: 'integer', description: 'How often it came back, where the queue counts that' },
  arrived_at: { ...time, description: 'When it came to the queue' },
};

export const LEASED_MESSAGE: JsonSchema = {
  type: 'object',
  properties: {
    lease_id: { ...text, description: 'Settle the message by this name' },
    lease_expires_at: { ...time, description: 'Then the message is delivered again, unless it is settled' },
    ...SHOWN_MESSAGE,
  },
};

const LEASE = {
  ...duration,
  description: 'How long the messages are yours, from 1s to 24h; 30s when absent',
};

export const RECEIVE_SCHEMA: RouteSchema = {
  tags: ['receive'],
  summary: 'Receive messages',
  description:
    'Takes up to `max` messages, and waits up to `wait` for the first one. Each is yours until its lease expires: settle it before, or extend the lease. What is not settled is delivered again.',
  params: QUEUE_PARAMS,
  body: {
    content: {
      'application/json': {
        schema: {
          type: 'object',
          properties: {
            max: { type: 'integer', minimum: 1, maximum: 1000, description: '1 when absent' },
            wait: { ...duration, description: 'From 0s to 1h; 0s when absent' },
            lease: LEASE,
            encoding: SHOWN_ENCODING,
          },
          additionalProperties: false,
        },
      },
    },
  },
  response: {
    200: {
      description: 'The messages; none when none came',
      type: 'object',
      properties: { messages: { type: 'array', items: LEASED_MESSAGE } },
      required: ['messages'],
    },
  },
};

const LEASE_PARAMS = {
  type: 'object',
  properties: { vhost: VHOST_PARAM, queue: QUEUE_PARAM, lease: { ...text, description: 'A lease_id' } },
  required: ['vhost', 'queue', 'lease'],
};

const SETTLEMENT = {
  action: {
    ...text,
    enum: ['ack', 'retry', 'reject'],
    description:
      'ack: it is done. retry: deliver it again. reject: to the dead-letter exchange, if there is one',
  },
  delay: { ...duration, description: 'With retry: how long it waits; as the queue says when absent' },
  result: { ...text, description: 'With ack and reject: what came of the message, kept as its outcome' },
  encoding: { ...text, enum: ['text', 'base64'], description: 'Of the result' },
  content_type: { ...text, description: 'Of the result' },
  headers: HEADERS_SCHEMA,
  error: { ...text, description: 'With ack and reject: why it failed; its outcome is `failed` then' },
};

export const SETTLE_SCHEMA: RouteSchema = {
  tags: ['receive'],
  summary: 'Settle a message',
  description: 'Answered when the settlement, with its result, is safe.',
  params: LEASE_PARAMS,
  body: {
    content: {
      'application/json': {
        schema: { type: 'object', properties: SETTLEMENT, required: ['action'], additionalProperties: false },
      },
    },
  },
  response: {
    200: {
      description: 'It is settled',
      type: 'object',
      properties: { settled: { ...text, enum: ['ack', 'retry', 'reject'] } },
    },
  },
};

export const SETTLE_MANY_SCHEMA: RouteSchema = {
  tags: ['receive'],
  summary: 'Settle many messages',
  description: 'Each settlement stands for itself. Answered when all are safe.',
  params: QUEUE_PARAMS,
  body: {
    content: {
      'application/json': {
        schema: {
          type: 'object',
          properties: {
            settlements: {
              type: 'array',
              maxItems: 10_000,
              items: {
                type: 'object',
                properties: { lease_id: text, ...SETTLEMENT },
                required: ['lease_id', 'action'],
                additionalProperties: false,
              },
            },
          },
          required: ['settlements'],
          additionalProperties: false,
        },
      },
    },
  },
  response: {
    200: { description: 'All are settled', ...settledMany() },
    207: { description: 'Some are not: their results are problems', ...settledMany() },
  },
};

function settledMany() {
  return {
    type: 'object',
    properties: {
      settled: { type: 'integer' },
      failed: { type: 'integer' },
      results: { type: 'array', items: { type: 'object', additionalProperties: true } },
    },
    required: ['settled', 'failed', 'results'],
  };
}

export const EXTEND_SCHEMA: RouteSchema = {
  tags: ['receive'],
  summary: 'Extend a lease',
  params: LEASE_PARAMS,
  body: {
    content: {
      'application/json': {
        schema: {
          type: 'object',
          properties: { lease: { ...duration, description: 'From now on, from 1s to 24h' } },
          required: ['lease'],
          additionalProperties: false,
        },
      },
    },
  },
  response: {
    200: { description: 'It is extended', type: 'object', properties: { lease_expires_at: time } },
  },
};

export const STREAM_SCHEMA: RouteSchema = {
  tags: ['receive'],
  summary: 'Receive messages as server-sent events',
  description:
    'An event `message` for each, with a JSON object as from receiving. At most `credit` of them are open at a time: settle them by their leases, and more come. An event `end` says why nothing follows, for instance because the queue was deleted.',
  params: QUEUE_PARAMS,
  querystring: {
    type: 'object',
    properties: {
      credit: { type: 'integer', minimum: 1, maximum: 10_000, description: '10 when absent' },
      lease: LEASE,
      encoding: SHOWN_ENCODING,
    },
    additionalProperties: false,
  },
  response: {
    200: {
      description: 'The events, without end',
      content: { 'text/event-stream': { schema: { type: 'string' } } },
    },
  },
};
