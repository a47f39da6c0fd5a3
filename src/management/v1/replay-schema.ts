import { DEATH_FIELDS } from './dead-letters-schema.ts';
import type { JsonSchema, RouteSchema } from './json-schema.ts';
import { QUEUE_PARAM, QUEUE_PARAMS, VHOST_PARAM } from './messages-schema.ts';

const text = { type: 'string' };
const textOrNull = { type: ['string', 'null'] };
const count = { type: 'integer', minimum: 0 };
const time = { type: 'string', format: 'date-time' };

export const POSITIONS: JsonSchema = {
  type: 'array',
  maxItems: 10_000,
  items: text,
  description: 'Positions of messages, as a look into the queue shows them',
};

const TARGET: JsonSchema = {
  type: ['object', 'null'],
  description:
    'Absent: each goes back to the queue that it died in, with the exchange and routing key that it had there',
  properties: {
    queue: { ...text, description: 'The queue to move to; or give an exchange' },
    exchange: { ...text, description: 'The exchange to publish to; `amq.default` is the default one' },
    routing_key: { ...text, description: 'With an exchange: instead of the one that each message has' },
  },
  additionalProperties: false,
};

const REPLAY: JsonSchema = {
  type: 'object',
  properties: {
    id: text,
    state: {
      ...text,
      enum: ['running', 'done', 'stopped', 'failed'],
      description:
        'stopped: by somebody, or because a message came back; failed: it may not, or cannot, go on',
    },
    which: {
      type: ['string', 'object'],
      description: 'all, positions, or what its messages have in common',
      additionalProperties: true,
    },
    to: TARGET,
    total: { type: ['integer', 'null'], description: 'Messages to move, at most; null: not known' },
    moved: { ...count, description: 'Messages that were moved' },
    failed: {
      ...count,
      description:
        'Messages that came back to the queue: those with the message-id and payload of one of the 10000 that were moved last, or with its payload and more deaths. Counted also when it has ended',
    },
    skipped: {
      ...count,
      description: 'Messages that stayed, because they were not ready any more, or came from nowhere',
    },
    skipped_because: { ...textOrNull, description: 'Why the last one did' },
    rate_per_second: { type: ['integer', 'null'], description: 'null: as fast as it goes' },
    stop_on_failure: { type: 'boolean' },
    started_by: text,
    started_at: time,
    ended_at: { ...time, type: ['string', 'null'] },
    stop_reason: { ...textOrNull, description: 'Why it is stopped, or failed' },
  },
  required: ['id', 'state', 'moved', 'failed', 'skipped', 'started_at'],
};

export const REPLAY_START_SCHEMA: RouteSchema = {
  tags: ['look'],
  summary: 'Replay dead letters',
  description:
    'Starts a job that takes ready messages out of the queue, wherever they are, and puts each back to the queue that it died in, or where `to` says. A crash leaves each message in exactly one of the two places. It takes none that come to the queue after its start, and acts with the permissions of who started it, as long as that one has them. It lives in memory: a restart ends it.',
  params: QUEUE_PARAMS,
  body: {
    content: {
      'application/json': {
        schema: {
          type: 'object',
          properties: {
            which: {
              type: ['string', 'object'],
              description:
                '`all`; or positions; or what the messages have in common, as a group of dead letters says it',
              properties: { positions: POSITIONS, ...DEATH_FIELDS },
              additionalProperties: false,
            },
            to: TARGET,
            rate_per_second: {
              type: 'integer',
              minimum: 1,
              maximum: 100_000,
              description: 'As fast as it goes, when absent',
            },
            max: { type: 'integer', minimum: 1, description: 'Messages to move; all, when absent' },
            stop_on_failure: {
              type: 'boolean',
              description:
                'Whether it stops when one of its messages comes back to the queue; true when absent',
            },
          },
          required: ['which'],
          additionalProperties: false,
        },
      },
    },
  },
  response: { 202: { description: 'It runs; the header Location says where to look', ...REPLAY } },
};

export const REPLAY_LIST_SCHEMA: RouteSchema = {
  tags: ['look'],
  summary: 'The replays of a queue',
  description: 'Those that run, and those that have ended within an hour; the newest first.',
  params: QUEUE_PARAMS,
  response: {
    200: {
      description: 'Of whoever started them',
      type: 'object',
      properties: { replays: { type: 'array', items: REPLAY } },
      required: ['replays'],
    },
  },
};

const REPLAY_PARAMS: JsonSchema = {
  type: 'object',
  properties: { vhost: VHOST_PARAM, queue: QUEUE_PARAM, id: { ...text, description: 'The id of a replay' } },
  required: ['vhost', 'queue', 'id'],
};

export const REPLAY_SHOW_SCHEMA: RouteSchema = {
  tags: ['look'],
  summary: 'How far a replay is',
  params: REPLAY_PARAMS,
  response: { 200: { description: 'What it has done by now', ...REPLAY } },
};

export const REPLAY_STOP_SCHEMA: RouteSchema = {
  tags: ['look'],
  summary: 'Stop a replay',
  description: 'What it has moved stays where it is now. One that has ended is left as it is.',
  params: REPLAY_PARAMS,
  response: { 200: { description: 'What it has done', ...REPLAY } },
};
