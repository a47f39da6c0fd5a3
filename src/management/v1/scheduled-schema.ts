import type { RouteSchema } from './json-schema.ts';
import { HEADERS_SCHEMA, PROPERTIES_SCHEMA, VHOST_PARAM } from './messages-schema.ts';

const text = { type: 'string' };
const count = { type: 'integer', minimum: 0 };

const SCHEDULED = {
  type: 'object',
  properties: {
    id: { ...text, description: 'Cancel it by this' },
    due_at: { ...text, format: 'date-time', description: 'When it is routed' },
    exchange: text,
    routing_key: text,
    payload_bytes: count,
    persistent: { type: 'boolean' },
    properties: PROPERTIES_SCHEMA,
    headers: HEADERS_SCHEMA,
  },
};

export const SCHEDULED_LIST_SCHEMA: RouteSchema = {
  tags: ['scheduled'],
  summary: 'Messages for later',
  description:
    'Those whose time comes first before the others. Only of exchanges that you may write to or read from are they shown; with the tag monitoring or administrator, all.',
  params: { type: 'object', properties: { vhost: VHOST_PARAM }, required: ['vhost'] },
  querystring: {
    type: 'object',
    properties: {
      page: { type: 'integer', minimum: 1, maximum: 10_000_000, description: '1 when absent' },
      page_size: { type: 'integer', minimum: 1, maximum: 500, description: '100 when absent' },
    },
    additionalProperties: false,
  },
  response: {
    200: {
      description: 'A page of them',
      type: 'object',
      properties: {
        items: { type: 'array', items: SCHEDULED },
        page: count,
        page_size: count,
        page_count: count,
        total_count: { ...count, description: 'All that wait in the vhost' },
      },
      required: ['items', 'page', 'page_size', 'page_count', 'total_count'],
    },
  },
};

export const SCHEDULED_CANCEL_SCHEMA: RouteSchema = {
  tags: ['scheduled'],
  summary: 'Cancel a message for later',
  description: 'It is not routed. Whoever may publish to its exchange may cancel it.',
  params: {
    type: 'object',
    properties: { vhost: VHOST_PARAM, id: { ...text, description: 'The id of the message' } },
    required: ['vhost', 'id'],
  },
  response: { 204: { description: 'It is cancelled, also after a restart', type: 'null' } },
};
