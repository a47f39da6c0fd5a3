import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startTestBroker, type TestBroker } from '../testing/test-broker.ts';
import { ConnectionClosedError } from './client-errors.ts';
import { openDirectConnection } from './direct-connection.ts';

let broker: TestBroker;

beforeEach(async () => {
  broker = await startTestBroker();
});

afterEach(async () => {
  await broker.close();
});

test('a connection opens, and its close is seen by the broker', async () => {
  const connection = await openDirectConnection(broker.broker);
  expect([connection.isOpen, broker.broker.connectionCount]).toEqual([true, 1]);
  await connection.close();
  expect([connection.isOpen, broker.broker.connectionCount]).toEqual([false, 0]);
  await connection.close();
});

test('a wrong password is refused with 403, and nothing stays', async () => {
  const refused = openDirectConnection(broker.broker, { password: 'wrong' });
  await expect(refused).rejects.toThrow(ConnectionClosedError);
  await expect(refused).rejects.toMatchObject({ replyCode: 403 });
  expect(broker.broker.connectionCount).toBe(0);
});

test('a vhost that does not exist is refused with 530', async () => {
  const refused = openDirectConnection(broker.broker, { vhost: 'nowhere' });
  await expect(refused).rejects.toMatchObject({ name: 'ConnectionClosedError', replyCode: 530 });
});

test('opening can be given up', async () => {
  const controller = new AbortController();
  const opening = openDirectConnection(broker.broker, { signal: controller.signal });
  controller.abort(new Error('changed my mind'));
  await expect(opening).rejects.toThrow('changed my mind');
  expect(broker.broker.connectionCount).toBe(0);
  await expect(openDirectConnection(broker.broker, { signal: controller.signal })).rejects.toThrow(
    'changed my mind',
  );
});

test('a broker that shuts down closes the connection with 320, and what is asked for fails with it', async () => {
  const connection = await broker.connect();
  const channel = await connection.createChannel();
  const closed = once(connection, 'close');
  const channelClosed = once(channel, 'close');
  await broker.close();
  expect((await closed)[0]).toMatchObject({ replyCode: 320 });
  expect((await channelClosed)[0]).toMatchObject({ replyCode: 320 });
  await expect(channel.queueDeclare('q')).rejects.toMatchObject({
    name: 'ConnectionClosedError',
    replyCode: 320,
  });
  await expect(connection.createChannel()).rejects.toMatchObject({ replyCode: 320 });
});

test('closing a connection closes its channels without an error', async () => {
  const connection = await broker.connect();
  const channel = await connection.createChannel();
  const closed = once(channel, 'close');
  await connection.close();
  expect(await closed).toEqual([undefined]);
  expect(channel.isOpen).toBe(false);
});

test('channel numbers of closed channels are used again', async () => {
  const connection = await broker.connect();
  const first = await connection.createChannel();
  const second = await connection.createChannel();
  expect([first.number, second.number]).toEqual([1, 2]);
  await first.close();
  expect((await connection.createChannel()).number).toBe(1);
});

test('more channels than the broker allows are refused', async () => {
  const small = await startTestBroker({ channelMax: 2 });
  const connection = await small.connect();
  await connection.createChannel();
  await connection.createChannel();
  await expect(connection.createChannel()).rejects.toThrow('2 of 2 are open');
  await small.close();
});

test('a memory alarm blocks publishers, and publish resolves when the broker takes messages again', async () => {
  const connection = await broker.connect();
  const channel = await connection.createChannel();
  await channel.queueDeclare('q');
  await channel.publish({ routingKey: 'q', body: new Uint8Array(1) });
  await broker.settled();
  const blocked = once(connection, 'blocked');
  broker.broker.setAlarm('memory', true);
  expect(await blocked).toEqual(['low on memory']);
  const order: string[] = [];
  const published = channel
    .publish({ routingKey: 'q', body: new Uint8Array(1) })
    .then(() => order.push('taken'));
  await broker.settled();
  order.push('cleared');
  const unblocked = once(connection, 'unblocked');
  broker.broker.setAlarm('memory', false);
  await Promise.all([published, unblocked]);
  expect(order).toEqual(['cleared', 'taken']);
  expect((await channel.queueDeclare('q', { passive: true })).messageCount).toBe(2);
});

test('a connection can be closed during an alarm, and what the broker did not take is rejected', async () => {
  const connection = await broker.connect();
  const channel = await connection.createChannel();
  await channel.publish({ routingKey: 'nowhere', body: new Uint8Array(1) });
  broker.broker.setAlarm('memory', true);
  const published = channel.publish({ routingKey: 'nowhere', body: new Uint8Array(1) });
  const rejected = expect(published).rejects.toMatchObject({ replyCode: 200 });
  await connection.close();
  await rejected;
  expect(broker.broker.connectionCount).toBe(0);
});

test('so it can when the client knows of the alarm already', async () => {
  const connection = await broker.connect();
  const channel = await connection.createChannel();
  await channel.publish({ routingKey: 'nowhere', body: new Uint8Array(1) });
  const blocked = once(connection, 'blocked');
  broker.broker.setAlarm('memory', true);
  await blocked;
  const published = channel.publish({ routingKey: 'nowhere', body: new Uint8Array(1) });
  const rejected = expect(published).rejects.toMatchObject({ replyCode: 200 });
  await connection.close();
  await rejected;
});

test('an alarm that is over when the connection closes loses nothing', async () => {
  const connection = await broker.connect();
  const channel = await connection.createChannel();
  await channel.queueDeclare('q');
  await channel.publish({ routingKey: 'q', body: new Uint8Array(1) });
  broker.broker.setAlarm('memory', true);
  const published = channel.publish({ routingKey: 'q', body: new Uint8Array(1) });
  const closed = connection.close();
  broker.broker.setAlarm('memory', false);
  await Promise.all([published, closed]);
  const other = await (await broker.connect()).createChannel();
  expect((await other.queueDeclare('q', { passive: true })).messageCount).toBe(2);
});

test('await using closes the connection', async () => {
  const connection = await broker.connect();
  await connection[Symbol.asyncDispose]();
  expect(broker.broker.connectionCount).toBe(0);
});
