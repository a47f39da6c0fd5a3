import type { RouteSchema } from './json-schema.ts';
import { QUEUE_PARAMS } from './messages-schema.ts';
import { POSITIONS } from './replay-schema.ts';

const count = { type: 'integer', minimum: 0 };

export const DROP_SCHEMA: RouteSchema = {
  tags: ['look'],
  summary: 'Remove single messages from a queue',
  description:
    'Removes ready messages, wherever they are in the queue. They are not dead-lettered, and their outcome is that of a purge. Nothing brings them back.',
  params: QUEUE_PARAMS,
  body: {
    content: {
      'application/json': {
        schema: {
          type: 'object',
          properties: { positions: POSITIONS },
          required: ['positions'],
          additionalProperties: false,
        },
      },
    },
  },
  response: {
    200: {
      description: 'Answered when it is safe',
      type: 'object',
      properties: {
        dropped: count,
        gone: { ...count, description: 'Those that were not ready any more' },
        left: { ...count, description: 'Messages that are ready in the queue now' },
      },
      required: ['dropped', 'gone', 'left'],
    },
  },
};
