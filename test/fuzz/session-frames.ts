import type { FieldTable } from '../../src/codec/field-table.ts';
import { field, tableOf } from '../../src/codec/field-table.ts';
import { bodyFrame, headerFrame, methodFrame, publishFrames } from '../servers/frame-bytes.ts';

/*
 * What real sessions consist of: runs of frames that belong together, each on a channel that is open. Few names are used,
 * so that the runs of different sessions meet at the same queues and exchanges.
 */

export const PROTOCOL_HEADER: Uint8Array = Uint8Array.of(0x41, 0x4d, 0x51, 0x50, 0, 0, 9, 1);

type Frames = readonly Uint8Array[];

/** Up to and with connection.open. */
export function openingFrames(frameMax: number): Frames {
  return [
    methodFrame(0, 'connection.start-ok', {
      clientProperties: {
        product: 'fuzz',
        capabilities: {
          'connection.blocked': true,
          consumer_cancel_notify: true,
          authentication_failure_close: true,
        },
      },
      mechanism: 'PLAIN',
      response: '\0guest\0guest',
      locale: 'en_US',
    }),
    methodFrame(0, 'connection.tune-ok', { channelMax: 2047, frameMax, heartbeat: 10 }),
    methodFrame(0, 'connection.open', { virtualHost: '/' }),
  ];
}

/** Every field type that clients send. */
const ALL_TYPES: FieldTable = new Map([
  ['t', { tag: 't', value: true }],
  ['b', { tag: 'b', value: -1 }],
  ['B', { tag: 'B', value: 200 }],
  ['s', { tag: 's', value: -300 }],
  ['u', { tag: 'u', value: 40_000 }],
  ['I', field.int(70_000)],
  ['i', { tag: 'i', value: 70_000 }],
  ['l', field.long(2 ** 40)],
  ['d', field.double(0.5)],
  ['S', field.string('text')],
  ['A', field.array([field.string('a'), field.int(1)])],
  ['T', field.timestamp(1_700_000_000)],
  ['F', field.table(tableOf({ inner: { deeper: [1, [2, [3]]] } }))],
  ['V', { tag: 'V', value: undefined }],
  ['x', { tag: 'x', value: Uint8Array.of(1, 2, 3) }],
]);

const QUEUE_ARGUMENTS = [
  {},
  { 'x-message-ttl': 20 },
  { 'x-message-ttl': 0, 'x-dead-letter-exchange': '' },
  { 'x-expires': 50 },
  { 'x-max-length': 2, 'x-dead-letter-exchange': 'amq.fanout' },
  { 'x-max-length-bytes': 10, 'x-overflow': 'reject-publish' },
  { 'x-max-length': 1, 'x-overflow': 'reject-publish-dlx', 'x-dead-letter-exchange': 'x1' },
  { 'x-max-priority': 5 },
  { 'x-single-active-consumer': true },
  { 'x-dead-letter-exchange': 'x1', 'x-dead-letter-routing-key': 'q1', 'x-delivery-limit': 1 },
  { 'x-queue-type': 'quorum' },
] as const;

const EXCHANGE_TYPES = [
  'direct',
  'fanout',
  'topic',
  'headers',
  'x-consistent-hash',
  'x-delayed-message',
  'x-random',
  'x-modulus-hash',
  'x-recent-history',
] as const;

const QUEUES = ['q1', 'q2', 'q3'] as const;
const EXCHANGES = ['', 'x1', 'x2', 'amq.topic', 'amq.fanout', 'amq.headers'] as const;

function declarations(channel: number): Frames[] {
  const runs: Frames[] = [];
  for (const [index, args] of QUEUE_ARGUMENTS.entries()) {
    const queue = QUEUES[index % QUEUES.length] as string;
    const durable = 'x-queue-type' in args;
    runs.push([
      methodFrame(channel, 'queue.delete', { queue }),
      methodFrame(channel, 'queue.declare', { queue, durable, arguments: args }),
      methodFrame(channel, 'queue.bind', { queue, exchange: 'amq.topic', routingKey: 'a.#' }),
      methodFrame(channel, 'queue.bind', { queue, exchange: 'amq.fanout', routingKey: '' }),
    ]);
  }
  for (const type of EXCHANGE_TYPES) {
    const args = type === 'x-delayed-message' ? { 'x-delayed-type': 'topic' } : {};
    runs.push([
      methodFrame(channel, 'exchange.delete', { exchange: 'x1' }),
      methodFrame(channel, 'exchange.declare', { exchange: 'x1', type, arguments: args }),
      methodFrame(channel, 'queue.bind', { queue: 'q1', exchange: 'x1', routingKey: '1' }),
      methodFrame(channel, 'queue.bind', {
        queue: 'q2',
        exchange: 'x1',
        routingKey: '2',
        arguments: { 'x-match': 'any', S: 'text' },
      }),
    ]);
  }
  return runs;
}

function topology(channel: number): Frames[] {
  return [
    [
      methodFrame(channel, 'exchange.declare', {
        exchange: 'x2',
        type: 'topic',
        autoDelete: true,
        arguments: { 'alternate-exchange': 'amq.fanout' },
      }),
      methodFrame(channel, 'exchange.bind', { source: 'x2', destination: 'x1', routingKey: '*.b' }),
      methodFrame(channel, 'exchange.bind', { source: 'x1', destination: 'x2', routingKey: '1' }),
      methodFrame(channel, 'exchange.unbind', { source: 'x2', destination: 'x1', routingKey: '*.b' }),
    ],
    [
      methodFrame(channel, 'queue.declare', { queue: '', exclusive: true }),
      methodFrame(channel, 'queue.bind', { queue: '', exchange: 'amq.headers', arguments: { t: true } }),
      methodFrame(channel, 'basic.consume', { queue: '', noAck: true }),
    ],
    [methodFrame(channel, 'queue.declare', { queue: 'q1', passive: true })],
    [methodFrame(channel, 'queue.purge', { queue: 'q2' })],
    [methodFrame(channel, 'queue.unbind', { queue: 'q1', exchange: 'amq.topic', routingKey: 'a.#' })],
    [methodFrame(channel, 'queue.delete', { queue: 'q3', ifUnused: true, ifEmpty: true })],
    [methodFrame(channel, 'exchange.delete', { exchange: 'x2', ifUnused: true })],
    [methodFrame(channel, 'access.request', { realm: '/data' })],
  ];
}

function publishing(channel: number): Frames[] {
  const runs: Frames[] = [[methodFrame(channel, 'confirm.select')]];
  for (const exchange of EXCHANGES) {
    for (const routingKey of ['q1', 'q2', 'a.b', '1']) {
      runs.push(publishFrames(channel, { exchange, routingKey, mandatory: true }, {}, new Uint8Array(16)));
    }
  }
  for (const properties of [
    { deliveryMode: 2, priority: 3, contentType: 'text/plain', messageId: 'm', timestamp: 1 },
    { headers: ALL_TYPES, correlationId: 'c', appId: 'a', type: 't', clusterId: 'x', contentEncoding: 'y' },
    { expiration: '0' },
    { expiration: '30' },
    { userId: 'guest' },
    { headers: tableOf({ CC: ['q1', 'q2'], BCC: ['q3'] }) },
    { headers: tableOf({ 'x-delay': 15 }) },
    { headers: new Map([['x-deliver-at', field.timestamp(1_767_225_601)]]) },
    { headers: tableOf({ 'x-deliver-at': 1_767_225_600_020, CC: ['q2'] }) },
    {
      headers: tableOf({ 'x-death': [{ count: 1, reason: 'expired', queue: 'q1', exchange: '', time: 1 }] }),
    },
  ]) {
    for (const exchange of ['', 'x1']) {
      runs.push(publishFrames(channel, { exchange, routingKey: 'q1' }, properties, new Uint8Array(5)));
      runs.push(publishFrames(channel, { exchange, routingKey: 'q2' }, properties));
    }
  }
  runs.push([
    methodFrame(channel, 'basic.publish', { routingKey: 'q1' }),
    headerFrame(channel, 6000),
    bodyFrame(channel, new Uint8Array(3000)),
    bodyFrame(channel, new Uint8Array(3000)),
  ]);
  return runs;
}

function consuming(channel: number): Frames[] {
  const runs: Frames[] = [];
  for (const queue of QUEUES) {
    runs.push([methodFrame(channel, 'basic.consume', { queue, consumerTag: `c-${queue}` })]);
    runs.push([methodFrame(channel, 'basic.consume', { queue, noAck: true, noWait: true })]);
    runs.push([methodFrame(channel, 'basic.get', { queue }), methodFrame(channel, 'basic.get', { queue })]);
    runs.push([methodFrame(channel, 'basic.get', { queue, noAck: true })]);
    runs.push([methodFrame(channel, 'basic.cancel', { consumerTag: `c-${queue}` })]);
  }
  runs.push([methodFrame(channel, 'basic.consume', { queue: 'q2', arguments: { 'x-priority': 5 } })]);
  runs.push([methodFrame(channel, 'basic.consume', { queue: 'q3', exclusive: true })]);
  runs.push([
    methodFrame(channel, 'basic.consume', { queue: 'amq.rabbitmq.reply-to', consumerTag: 'r', noAck: true }),
    ...publishFrames(channel, { routingKey: 'q1' }, { replyTo: 'amq.rabbitmq.reply-to' }),
  ]);
  return runs;
}

function settling(channel: number): Frames[] {
  const runs: Frames[] = [];
  for (const deliveryTag of [1, 2, 3]) {
    runs.push([methodFrame(channel, 'basic.ack', { deliveryTag })]);
    runs.push([methodFrame(channel, 'basic.nack', { deliveryTag, requeue: true })]);
    runs.push([methodFrame(channel, 'basic.reject', { deliveryTag })]);
  }
  for (const multiple of [
    methodFrame(channel, 'basic.ack', { deliveryTag: 0, multiple: true }),
    methodFrame(channel, 'basic.nack', { deliveryTag: 0, multiple: true, requeue: true }),
    methodFrame(channel, 'basic.nack', { deliveryTag: 0, multiple: true }),
    methodFrame(channel, 'basic.recover', { requeue: true }),
    methodFrame(channel, 'basic.recover-async', { requeue: true }),
    methodFrame(channel, 'basic.qos', { prefetchCount: 1 }),
    methodFrame(channel, 'basic.qos', { prefetchCount: 2, global: true }),
    methodFrame(channel, 'basic.qos', { prefetchCount: 0, global: true }),
  ]) {
    runs.push([multiple], [multiple]);
  }
  return runs;
}

function transactions(channel: number): Frames[] {
  return [
    [methodFrame(channel, 'tx.select'), ...publishFrames(channel, { routingKey: 'q1' })],
    [
      methodFrame(channel, 'tx.select'),
      methodFrame(channel, 'basic.get', { queue: 'q1' }),
      methodFrame(channel, 'basic.ack', { deliveryTag: 1 }),
      methodFrame(channel, 'tx.commit'),
    ],
    [methodFrame(channel, 'tx.commit')],
    [methodFrame(channel, 'tx.rollback')],
  ];
}

function channels(channel: number): Frames[] {
  const close = methodFrame(channel, 'channel.close', { replyCode: 200, replyText: 'bye' });
  const open = methodFrame(channel, 'channel.open');
  return [
    [close, open],
    [methodFrame(channel, 'channel.close-ok'), open],
    [methodFrame(channel, 'channel.flow', { active: true })],
    [methodFrame(0, 'connection.update-secret', { newSecret: 's', reason: 'r' })],
    [Uint8Array.of(8, 0, 0, 0, 0, 0, 0, 0xce)],
  ];
}

/** Runs of frames for a channel, some of them more than once because they are more common. */
export function sessionRuns(channel: number): readonly Frames[] {
  return [
    ...declarations(channel),
    ...topology(channel),
    ...publishing(channel),
    ...consuming(channel),
    ...consuming(channel),
    ...settling(channel),
    ...transactions(channel),
    ...channels(channel),
  ];
}

export function closingFrames(): Frames {
  return [methodFrame(0, 'connection.close', { replyCode: 200, replyText: 'bye' })];
}
