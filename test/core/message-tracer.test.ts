import { afterEach, beforeEach, expect, test } from 'vitest';
import type { DirectChannel } from '../../src/client/direct-channel.ts';
import { openDirectConnection } from '../../src/client/direct-connection.ts';
import { tableOf } from '../../src/codec/field-table.ts';
import type { BasicProperties } from '../../src/codec/properties.ts';
import { Broker } from '../../src/core/broker.ts';
import type { TracedDelivery, TracedMessage } from '../../src/core/message/message-tracer.ts';
import { MemoryEngine } from '../../src/storage/memory-engine.ts';
import { MessageLog } from '../../src/storage/message-log.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { VirtualScheduler } from '../../src/testing/virtual-scheduler.ts';

const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

let broker: Broker;
let channel: DirectChannel;
let clock: VirtualClock;
let published: { readonly message: TracedMessage; readonly queues: readonly string[] }[];
let delivered: { readonly message: TracedMessage; readonly delivery: TracedDelivery }[];

beforeEach(async () => {
  published = [];
  delivered = [];
  clock = new VirtualClock(Date.UTC(2026, 0, 1));
  broker = new Broker(
    {
      clock,
      random: new SeededRandom(1),
      scheduler: new VirtualScheduler(() => broker.turn()),
      store: new MessageLog(new MemoryEngine()),
      credentials: {
        hash: (password) => password,
        verify: (password, hash, done) => done(password === hash),
      },
      messageTracer: {
        onPublish: (message, queues) => published.push({ message, queues }),
        onDeliver: (message, delivery) => delivered.push({ message, delivery }),
      },
      onEvent: () => {},
    },
    { heartbeatSeconds: 0, statistics: false },
  );
  channel = await (await openDirectConnection(broker)).createChannel();
  await channel.queueDeclare('orders');
  await channel.confirmSelect();
});

afterEach(async () => {
  await new Promise<void>((resolve) => broker.shutdown(resolve));
});

async function publish(properties: BasicProperties, routingKey = 'orders'): Promise<void> {
  await channel.publish({ routingKey, body: new Uint8Array(12), properties });
}

test('a message with a traceparent is told of when it comes and when it goes', async () => {
  const headers = tableOf({ traceparent: TRACEPARENT, tracestate: 'vendor=1' });
  await publish({ headers, messageId: 'm1', correlationId: 'c1' });
  const message = {
    traceparent: TRACEPARENT,
    tracestate: 'vendor=1',
    vhost: '/',
    exchange: '',
    routingKey: 'orders',
    messageId: 'm1',
    correlationId: 'c1',
    bodyBytes: 12,
  };
  expect(published).toEqual([{ message, queues: ['orders'] }]);
  clock.moveTo(1500);
  await new Promise<void>((resolve) => {
    void channel.consume('orders', () => resolve(), { consumerTag: 'worker', noAck: true });
  });
  const delivery = { queue: 'orders', consumerTag: 'worker', redelivered: false, waitedMs: 1500 };
  expect(delivered).toEqual([{ message, delivery }]);
});

test('basic.get is a delivery without a consumer', async () => {
  await publish({ headers: tableOf({ traceparent: TRACEPARENT }) });
  await channel.get('orders');
  expect(delivered[0]?.delivery).toMatchObject({ queue: 'orders', consumerTag: undefined });
});

test('a message that leads nowhere is told of, too, without a queue', async () => {
  await publish({ headers: tableOf({ traceparent: TRACEPARENT }) }, 'nowhere');
  expect(published[0]?.queues).toEqual([]);
});

test('messages that are part of no trace are not told of', async () => {
  await publish({});
  await publish({ headers: tableOf({ other: 'traceparent' }) });
  await publish({ headers: tableOf({ traceparent: 7 }) });
  await publish({ messageId: '\x0btraceparent' });
  for (let count = 0; count < 4; count++) expect(await channel.get('orders')).toBeDefined();
  expect(published).toEqual([]);
  expect(delivered).toEqual([]);
});
