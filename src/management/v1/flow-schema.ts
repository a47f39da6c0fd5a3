/** What the maths of queues takes and answers. docs/queue-maths.md explains each number. */
import type { JsonProperties, JsonSchema, RouteSchema } from './json-schema.ts';
import { QUEUE_PARAMS, VHOST_PARAMS } from './messages-schema.ts';

/** A day. */
export const TARGET_DELAY_MS_MAX = 86_400_000;

const count: JsonSchema = { type: 'number' };
const numberOrNull: JsonSchema = { type: ['number', 'null'] };

const MEASURED: JsonSchema = {
  type: ['object', 'null'],
  description: 'Time from enqueue to settlement of the messages that somebody got; null when there was none',
  properties: {
    window_seconds: { ...count, description: 'Of the last so many seconds, to twice that' },
    messages: count,
    mean_ms: count,
    p50_ms: count,
    p95_ms: count,
    p99_ms: count,
  },
};

const WINDOW: JsonSchema = {
  type: 'object',
  properties: {
    window_seconds: count,
    covered_seconds: { ...count, description: 'What the rates were taken over' },
    state: { type: 'string', enum: ['idle', 'stalled', 'growing', 'draining', 'steady'] },
    state_reason: { type: 'string' },
    enqueued: count,
    settled: count,
    rate_in_per_second: { ...count, description: 'P' },
    rate_out_per_second: { ...count, description: 'C' },
    delay_ms: { ...numberOrNull, description: 'D = Q / C; null when it means nothing: `state` says why' },
    drain_ms: { ...numberOrNull, description: 'Q / (C - P); null unless it is draining or empty' },
    utilisation: { ...numberOrNull, description: 'Share of their time that consumers had unacked messages' },
    service_rate_per_second: { ...numberOrNull, description: 'Of one consumer while it is busy' },
    consumers_needed: { ...numberOrNull, description: 'For target_delay_ms, at the rates of this window' },
    measured: MEASURED,
  },
};

const FLOW_PROPERTIES: JsonProperties = {
  enqueued_total: { ...count, description: 'N' },
  settled_total: { ...count, description: 'M' },
  messages: { ...count, description: 'Q = N - M' },
  messages_ready: count,
  messages_unacknowledged: count,
  consumers: count,
  windows: { type: 'array', items: WINDOW },
};

const QUEUE_FLOW: JsonSchema = {
  type: 'object',
  properties: {
    vhost: { type: 'string' },
    queue: { type: 'string' },
    ...FLOW_PROPERTIES,
    oldest_ready_age_ms: { ...numberOrNull, description: 'Age of the oldest ready message' },
    target_delay_ms: numberOrNull,
  },
};

const TARGET_QUERY: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    target_delay_ms: {
      type: 'number',
      exclusiveMinimum: 0,
      maximum: TARGET_DELAY_MS_MAX,
      description: 'Mean time from enqueue to settlement for which consumers are to be counted',
    },
  },
};

const NO_QUERY: JsonSchema = { type: 'object', properties: {}, additionalProperties: false };

export const QUEUE_FLOW_SCHEMA: RouteSchema = {
  tags: ['flow'],
  summary: 'How messages flow through a queue',
  description: 'Over 1 minute, 10 minutes, 1 hour and 24 hours. docs/queue-maths.md explains each number.',
  params: QUEUE_PARAMS,
  querystring: TARGET_QUERY,
  response: { 200: { description: 'What is measured, and what follows from it', ...QUEUE_FLOW } },
};

export const VHOST_FLOW_SCHEMA: RouteSchema = {
  tags: ['flow'],
  summary: 'How messages flow through all queues of a vhost together',
  params: VHOST_PARAMS,
  querystring: NO_QUERY,
  response: {
    200: {
      description: 'The same numbers, of all its queues',
      type: 'object',
      properties: { vhost: { type: 'string' }, ...FLOW_PROPERTIES },
    },
  },
};

export const FLOW_SCHEMA: RouteSchema = {
  tags: ['flow'],
  summary: 'How messages flow through all queues of the broker together',
  querystring: NO_QUERY,
  response: {
    200: { description: 'The same numbers, of all queues', type: 'object', properties: FLOW_PROPERTIES },
  },
};
