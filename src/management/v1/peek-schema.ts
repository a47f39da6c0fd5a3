import type { RouteSchema } from './json-schema.ts';
import { QUEUE_PARAMS, TYPED_HEADERS_SCHEMA } from './messages-schema.ts';
import { SHOWN_ENCODING, SHOWN_MESSAGE } from './receive-schema.ts';

const text = { type: 'string' };

export const PEEK_SCHEMA: RouteSchema = {
  tags: ['look'],
  summary: 'Look at the messages of a queue, and search them',
  description:
    'Shows ready messages in the order in which they will be delivered; nothing changes. All conditions have to hold; `header.NAME=VALUE` is one for each header, and `json.PATH=VALUE` one for each member of a payload that is JSON, like `json.customer.id=7` or `json.items.0.sku=a`. Payloads of more than 256 KiB are not parsed, and do not match a path. A search that looked at 100000 messages, or parsed 64 MiB, stops and says where to go on.',
  params: QUEUE_PARAMS,
  querystring: {
    type: 'object',
    properties: {
      from: { ...text, description: 'Where to begin: `next` of an earlier answer, or a position' },
      limit: { type: 'integer', minimum: 1, maximum: 1000, description: 'Messages to show; 10 when absent' },
      truncate: {
        type: 'integer',
        minimum: 0,
        maximum: 16_777_216,
        description: 'Bytes of each payload to show; 50000 when absent',
      },
      search: { ...text, description: 'A text that the payload holds' },
      routing_key: { ...text, description: 'The routing key, exactly' },
      message_id: { ...text, description: 'The message-id, exactly' },
      encoding: SHOWN_ENCODING,
      typed_headers: {
        type: 'boolean',
        description:
          'Shows also the types of headers that plain JSON does not keep: to publish a copy of the message. false when absent',
      },
    },
    additionalProperties: true,
  },
  response: {
    200: {
      description: 'What was found',
      type: 'object',
      properties: {
        messages: {
          type: 'array',
          items: {
            type: 'object',
            properties: {
              position: { ...text, description: 'Its place in the queue' },
              ...SHOWN_MESSAGE,
              typed_headers: TYPED_HEADERS_SCHEMA,
            },
          },
        },
        looked_at: { type: 'integer', description: 'Messages that were looked at' },
        next: { type: ['string', 'null'], description: 'Where to go on; null at the end of the queue' },
      },
      required: ['messages', 'looked_at', 'next'],
    },
  },
};

export const MOVE_SCHEMA: RouteSchema = {
  tags: ['look'],
  summary: 'Move messages to another queue, or publish them again',
  description:
    'Takes ready messages from the head, and puts each into a queue, or publishes it to an exchange: a dead-letter queue is replayed so. A crash leaves each message in exactly one of the two places. It stops at the first one that cannot be moved.',
  params: QUEUE_PARAMS,
  body: {
    content: {
      'application/json': {
        schema: {
          type: 'object',
          properties: {
            queue: { ...text, description: 'The queue to move to; or give an exchange' },
            exchange: {
              ...text,
              description: 'The exchange to publish to; `amq.default` is the default one',
            },
            routing_key: {
              ...text,
              description: 'With an exchange: instead of the one that each message has',
            },
            max: {
              type: 'integer',
              minimum: 1,
              description: 'All that are ready at the start, when absent',
            },
          },
          additionalProperties: false,
        },
      },
    },
  },
  response: {
    200: {
      description: 'What was moved, and what kept the rest back',
      type: 'object',
      properties: {
        moved: { type: 'integer' },
        left: { type: 'integer', description: 'Messages that are ready in the queue now' },
        stopped_by: {
          type: ['string', 'null'],
          enum: ['unroutable', 'refused', null],
          description: 'What the first message met that could not be moved',
        },
      },
      required: ['moved', 'left', 'stopped_by'],
    },
  },
};
