/** What series answer: columns of equal length. docs/queue-maths.md explains each. */
import type { JsonProperties, JsonSchema, RouteSchema } from './json-schema.ts';
import { QUEUE_PARAMS, VHOST_PARAMS } from './messages-schema.ts';

/** By what stands in the query. */
export const SERIES_WINDOWS: ReadonlyMap<string, number> = new Map([
  ['60s', 60],
  ['10m', 600],
  ['1h', 3600],
  ['24h', 86_400],
]);
export const SERIES_WINDOW_DEFAULT = '1h';

function column(description: string, type: string | readonly string[] = ['number', 'null']): JsonSchema {
  return { type: 'array', items: { type }, description };
}

const SERIES_PROPERTIES: JsonProperties = {
  window_seconds: { type: 'number' },
  step_seconds: {
    type: 'number',
    description: 'What a point is about, but for the last one, which may be less',
  },
  at: column('The end of each step, in milliseconds since 1970; the oldest first', 'number'),
  rate_in: column('P: messages a second that came in the step'),
  rate_out: column('C: messages a second that left'),
  messages: column('Q: messages at its end'),
  ready: column('Of those, the ones that are ready'),
  unacknowledged: column('Of those, the ones that are unacked'),
  delay_ms: column('D = Q / C; null when nothing left'),
  measured: {
    type: 'object',
    description:
      'Time from enqueue to settlement of the messages that left; null when there was none, and while the step is not over',
    properties: {
      p50_ms: column('Half of them took no longer'),
      p95_ms: column('95 of 100 took no longer'),
      p99_ms: column('99 of 100 took no longer'),
    },
  },
};

const QUERY: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    window: {
      type: 'string',
      enum: [...SERIES_WINDOWS.keys()],
      description: `How far to look back: \`${SERIES_WINDOW_DEFAULT}\` when absent`,
    },
  },
};

const name: JsonSchema = { type: 'string' };

function answer(names: JsonProperties): NonNullable<RouteSchema['response']> {
  const properties = { ...names, ...SERIES_PROPERTIES };
  return { 200: { description: 'Columns; null is what is not known', type: 'object', properties } };
}

export const QUEUE_SERIES_SCHEMA: RouteSchema = {
  tags: ['flow'],
  summary: 'How messages flowed through a queue, step by step',
  description: 'For charts. Columns of equal length; null is what is not known, as before the queue came.',
  params: QUEUE_PARAMS,
  querystring: QUERY,
  response: answer({ vhost: name, queue: name }),
};

export const VHOST_SERIES_SCHEMA: RouteSchema = {
  tags: ['flow'],
  summary: 'How messages flowed through all queues of a vhost together, step by step',
  params: VHOST_PARAMS,
  querystring: QUERY,
  response: answer({ vhost: name }),
};

export const SERIES_SCHEMA: RouteSchema = {
  tags: ['flow'],
  summary: 'How messages flowed through all queues of the broker together, step by step',
  querystring: QUERY,
  response: answer({}),
};
