import { DURATION_PATTERN } from './duration.ts';
import type { RouteSchema } from './json-schema.ts';

export const PATHS_MAX = 16;
const PATH_CHARACTERS_MAX = 2048;

export const WATCH_SCHEMA: RouteSchema = {
  tags: ['watch'],
  summary: 'Watch what reads answer',
  description:
    'Server-sent events. An event `answer` for each `path` at first, and then for each whose answer has changed: `{"path": ..., "status": 200, "body": ...}`, the answer that a GET by the same caller gets now. An answer that takes long is asked for less often, so that one watch takes at most a hundredth of a processor: not before 250 times as long has passed, and later when all paths together would take more. A reader that is slow gets the newest answers only. An event `end`, `{"reason": ...}`, says why nothing follows: `unauthorised` after a log-out and the like, or `stopped`.',
  querystring: {
    type: 'object',
    required: ['path'],
    additionalProperties: false,
    properties: {
      path: {
        type: 'array',
        minItems: 1,
        maxItems: PATHS_MAX,
        items: { type: 'string', pattern: '^/(api|v1)/', maxLength: PATH_CHARACTERS_MAX },
        description:
          'Once for each: a path of a GET under `/api/` or `/v1/`, with its query, percent-encoded. Not what streams, waits, or changes something',
      },
      interval: {
        type: 'string',
        pattern: DURATION_PATTERN,
        description: 'How often answers are asked for, from `500ms` to `60s`; `1s` when absent',
      },
    },
  },
  response: {
    200: {
      description: 'The events, without end',
      content: { 'text/event-stream': { schema: { type: 'string' } } },
    },
  },
};
