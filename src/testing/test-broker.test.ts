import { once } from 'node:events';
import { connect as connectSocket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import type { DirectChannel } from '../client/direct-channel.ts';
import { startTestBroker, type TestBroker, type TestBrokerOptions } from './test-broker.ts';

const brokers: TestBroker[] = [];

afterEach(async () => {
  await Promise.all(brokers.splice(0).map((broker) => broker.close()));
});

async function started(options?: TestBrokerOptions): Promise<TestBroker> {
  const broker = await startTestBroker(options);
  brokers.push(broker);
  return broker;
}

async function channelOf(broker: TestBroker): Promise<DirectChannel> {
  return (await broker.connect()).createChannel();
}

const body = (text: string): Uint8Array => new TextEncoder().encode(text);

test('a message expires when the clock has reached its TTL, and not before', async () => {
  const broker = await started();
  const channel = await channelOf(broker);
  await channel.queueDeclare('q', { arguments: { 'x-message-ttl': 600_000 } });
  await channel.publish({ routingKey: 'q', body: body('x') });
  await broker.clock.advance('9m');
  expect((await channel.queueDeclare('q', { passive: true })).messageCount).toBe(1);
  await broker.clock.advance('1m');
  expect((await channel.queueDeclare('q', { passive: true })).messageCount).toBe(0);
});

test('what falls due on the way happens at its own time, in order, with the answers of clients in between', async () => {
  const broker = await started();
  const channel = await channelOf(broker);
  const seen: string[] = [];
  await channel.queueDeclare('dead');
  await channel.consume('dead', async (delivery) => {
    const text = new TextDecoder().decode(delivery.body);
    seen.push(`${text} at ${broker.clock.now.toISOString().slice(11, 19)}`);
    channel.ack(delivery);
    if (text === 'long') {
      await channel.publish({ routingKey: 'q', body: body('again'), properties: { expiration: '1000' } });
    }
  });
  await channel.queueDeclare('q', {
    arguments: { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'dead' },
  });
  await channel.publish({ routingKey: 'q', body: body('short'), properties: { expiration: '10000' } });
  await channel.publish({ routingKey: 'q', body: body('long'), properties: { expiration: '60000' } });
  await broker.clock.advance('1h');
  expect(seen).toEqual(['short at 00:00:10', 'long at 00:01:00', 'again at 00:01:01']);
});

test('a deadline between two milliseconds does not hold up the clock', async () => {
  const broker = await started();
  const channel = await channelOf(broker);
  await channel.queueDeclare('q');
  await broker.clock.advance(0.5);
  const deliverAt = broker.clock.now.getTime() + 100;
  const properties = { headers: { 'x-deliver-at': deliverAt } };
  await channel.publish({ routingKey: 'q', body: body('x'), properties });
  await broker.clock.advance('1s');
  expect((await channel.queueDeclare('q', { passive: true })).messageCount).toBe(1);
});

test('the time of day begins where the test says, and moves with the clock', async () => {
  const broker = await started({ startTime: new Date('2030-05-01T12:00:00Z') });
  await broker.clock.advance('1d');
  expect(broker.clock.now.toISOString()).toBe('2030-05-02T12:00:00.000Z');
});

test('what is no duration is refused and moves nothing', async () => {
  const broker = await started();
  await expect(broker.clock.advance('soon')).rejects.toThrow("'soon' is not a duration");
  expect(broker.clock.now.toISOString()).toBe('2026-01-01T00:00:00.000Z');
});

test('settled waits until a chain of handlers has come to its end', async () => {
  const broker = await started();
  const channel = await channelOf(broker);
  await channel.queueDeclare('q');
  const seen: number[] = [];
  await channel.consume('q', async (delivery) => {
    const count = delivery.body[0] ?? 0;
    await new Promise((resolve) => setImmediate(resolve));
    seen.push(count);
    channel.ack(delivery);
    if (count < 20) {
      await channel.publish({ routingKey: 'q', body: Uint8Array.of(count + 1) });
    }
  });
  await channel.publish({ routingKey: 'q', body: Uint8Array.of(1) });
  await broker.settled();
  expect(seen).toHaveLength(20);
});

test('a consumer that requeues all that it gets does not hang settled: it fails and names the seed', async () => {
  const broker = await started({ seed: 42 });
  const channel = await channelOf(broker);
  await channel.queueDeclare('q');
  await channel.consume('q', (delivery) => channel.nack(delivery));
  await channel.publish({ routingKey: 'q', body: body('x') });
  await expect(broker.settled()).rejects.toThrow(/seed 42: not quiet after 50000 turns/);
});

test('the same seed gives the same names', async () => {
  const names: string[] = [];
  for (const seed of [7, 7, 8]) {
    const channel = await channelOf(await started({ seed }));
    names.push((await channel.queueDeclare()).queue);
  }
  expect(names[0]).toBe(names[1]);
  expect(names[0]).not.toBe(names[2]);
});

test('a client on a socket that does not log in is closed when the virtual clock has reached the limit', async () => {
  const broker = await started({ amqpPort: 0 });
  const url = new URL(broker.url ?? '');
  const socket = connectSocket(Number(url.port), url.hostname);
  await once(socket, 'connect');
  while (broker.broker.connectionCount === 0) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  const closed = once(socket, 'close');
  socket.resume();
  await broker.clock.advance('11s');
  await closed;
  expect(broker.broker.connectionCount).toBe(0);
});

test('without a port there is no URL, with one there is', async () => {
  expect((await started()).url).toBeUndefined();
  expect((await started({ amqpPort: 0 })).url).toMatch(/^amqp:\/\/127\.0\.0\.1:\d+$/);
});

test('close tells clients 320, and closing again is harmless', async () => {
  const broker = await started();
  const connection = await broker.connect();
  const closed = once(connection, 'close');
  await broker.close();
  await broker.close();
  expect((await closed)[0]).toMatchObject({ name: 'ConnectionClosedError', replyCode: 320 });
});

test('hundreds of brokers run side by side, each with a clock of its own', async () => {
  const many = await Promise.all(Array.from({ length: 300 }, () => started()));
  await many[0]?.clock.advance('1h');
  const times = new Set(many.map((broker) => broker.clock.now.getTime()));
  expect(times.size).toBe(2);
});
