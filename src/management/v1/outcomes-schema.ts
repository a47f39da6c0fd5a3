import { DURATION_PATTERN } from './duration.ts';
import type { RouteSchema } from './json-schema.ts';
import { HEADERS_SCHEMA, VHOST_PARAM } from './messages-schema.ts';

const text = { type: 'string' };
const count = { type: 'integer', minimum: 0 };

const OUTCOME = {
  type: 'object',
  properties: {
    queue: text,
    status: { ...text, enum: ['completed', 'failed', 'expired', 'dead-lettered', 'dropped'] },
    reason: {
      ...text,
      enum: ['rejected', 'expired', 'maxlen', 'delivery_limit', 'purged', 'deleted'],
      description: 'How it left the queue; absent when it was acknowledged',
    },
    error: { ...text, description: 'What its consumer says went wrong' },
    result: { ...text, description: 'What its consumer gave; absent when it gave nothing' },
    result_encoding: { ...text, enum: ['text', 'base64'] },
    content_type: { ...text, description: 'Of the result' },
    headers: HEADERS_SCHEMA,
    deliveries: { ...count, description: 'How often it was delivered' },
    waiting_ms: { ...count, description: 'From its arrival to its last delivery' },
    working_ms: { ...count, description: 'From its last delivery to its settlement' },
    settled_at: { ...text, format: 'date-time' },
  },
  required: ['queue', 'status', 'deliveries', 'waiting_ms', 'working_ms', 'settled_at'],
};

export const OUTCOME_SCHEMA: RouteSchema = {
  tags: ['outcomes'],
  summary: 'What became of a message',
  description:
    'Of each queue that the message went to and that you may read. Kept when the header `x-outcome-ttl` of the message, its queue or a policy asks for it. 404 when there is none, or none yet.',
  params: {
    type: 'object',
    properties: { vhost: VHOST_PARAM, message_id: { ...text, description: 'The message-id' } },
    required: ['vhost', 'message_id'],
  },
  querystring: {
    type: 'object',
    properties: {
      queue: { ...text, description: 'Only of this queue' },
      wait: {
        ...text,
        pattern: DURATION_PATTERN,
        description: 'How long to wait while there is none, from 0s to 1h; 0s when absent',
      },
    },
    additionalProperties: false,
  },
  response: {
    200: {
      description: 'The outcomes, oldest first: at most 256, and as many as have 16 MiB of results',
      type: 'object',
      properties: { message_id: text, outcomes: { type: 'array', items: OUTCOME } },
      required: ['message_id', 'outcomes'],
    },
  },
};
