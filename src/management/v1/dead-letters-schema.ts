import { ERROR_HEADERS } from './dead-letter.ts';
import type { JsonProperties, RouteSchema } from './json-schema.ts';
import { QUEUE_PARAMS } from './messages-schema.ts';

const text = { type: 'string' };
const textOrNull = { type: ['string', 'null'] };
const count = { type: 'integer', minimum: 0 };
const time = { type: 'string', format: 'date-time' };

/** What dead letters are grouped and chosen by. */
export const DEATH_FIELDS: JsonProperties = {
  reason: {
    ...textOrNull,
    description: 'rejected, expired, maxlen, delivery_limit; null: it did not die',
  },
  queue: { ...textOrNull, description: 'Where it died' },
  exchange: { ...textOrNull, description: 'What it had been published to; empty: the default exchange' },
  error: { ...textOrNull, description: 'What its consumer said: the first line, 200 characters of it' },
};

export const DEAD_LETTERS_SCHEMA: RouteSchema = {
  tags: ['look'],
  summary: 'The dead letters of a queue in groups',
  description: `Groups ready messages by how they died (header x-death, or x-first-death-...), and by the error that a consumer left: the first of the headers ${ERROR_HEADERS.join(', ')}. Nothing changes. There are at most 200 groups; what belongs to none of them is counted as \`other\`.`,
  params: QUEUE_PARAMS,
  querystring: {
    type: 'object',
    properties: {
      from: { ...text, description: 'Where to begin: `next` of an earlier answer, or a position' },
      max: {
        type: 'integer',
        minimum: 1,
        maximum: 100_000,
        description: 'Messages to look at; 10000 when absent',
      },
    },
    additionalProperties: false,
  },
  response: {
    200: {
      description: 'The groups, the largest first',
      type: 'object',
      properties: {
        groups: {
          type: 'array',
          items: {
            type: 'object',
            properties: {
              ...DEATH_FIELDS,
              routing_keys: { type: 'array', items: text, description: 'Some of those that they had' },
              count,
              oldest_at: { ...time, description: 'When the first of them came to this queue' },
              newest_at: time,
              sample_position: { ...text, description: 'Where one of them is: look there with `from`' },
            },
          },
        },
        other: { ...count, description: 'Messages that belong to none of these groups' },
        looked_at: count,
        next: { ...textOrNull, description: 'Where to go on; null at the end of the queue' },
      },
      required: ['groups', 'other', 'looked_at', 'next'],
    },
  },
};
