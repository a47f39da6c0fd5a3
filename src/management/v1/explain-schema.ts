/** What explanations take and answer. docs/explain.md tells of each field. */
import type { JsonSchema, RouteSchema } from './json-schema.ts';
import { QUEUE_PARAMS } from './messages-schema.ts';

const SHORTSTR: JsonSchema = { type: 'string', maxLength: 255 };
/** A message of no client is larger than that. */
export const BYTES_MAX: number = 2 ** 31;
/** The header of a request is bounded, and so is this. */
const HEADERS_CHARACTERS_MAX = 16_384;

const ROUTE_QUERY: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    vhost: { ...SHORTSTR, default: '/' },
    exchange: { ...SHORTSTR, default: '', description: 'Empty: the default exchange' },
    routing_key: { ...SHORTSTR, default: '' },
    headers: {
      type: 'string',
      maxLength: HEADERS_CHARACTERS_MAX,
      description: 'A JSON object; CC and BCC count',
    },
    message_id: SHORTSTR,
    correlation_id: SHORTSTR,
    expiration: { ...SHORTSTR, description: 'Milliseconds' },
    bytes: { type: 'integer', minimum: 0, maximum: BYTES_MAX, default: 0, description: 'Size of the body' },
    user: {
      ...SHORTSTR,
      description: 'Whose permission is looked at; for administrators. The caller otherwise',
    },
  },
};

/** Its fields are many, and more may come. */
const EXPLANATION: JsonSchema = { type: 'object', additionalProperties: true };

export const EXPLAIN_ROUTE_SCHEMA: RouteSchema = {
  tags: ['explain'],
  summary: 'Where a message would go, and why',
  description:
    'Each exchange that the message would come to, with its bindings and why they take it or not, and each queue in the ' +
    'end with what the message would meet there. Nothing is published.',
  querystring: ROUTE_QUERY,
  response: { 200: { description: 'The way of the message', ...EXPLANATION } },
};

export const EXPLAIN_QUEUE_SCHEMA: RouteSchema = {
  tags: ['explain'],
  summary: 'Why a queue does not drain',
  description: 'The reasons by importance, each with a stable code, a text, and what to do about it.',
  params: QUEUE_PARAMS,
  response: { 200: { description: 'The reasons', ...EXPLANATION } },
};
