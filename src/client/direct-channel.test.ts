import { getEventListeners, once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { uncaughtErrors } from '../../test/client/uncaught-errors.ts';
import { field, tableOf } from '../codec/field-table.ts';
import { startTestBroker, type TestBroker } from '../testing/test-broker.ts';
import { ChannelClosedError, PublishRefusedError } from './client-errors.ts';
import type { Delivery } from './delivery.ts';
import type { DirectChannel } from './direct-channel.ts';

let broker: TestBroker;
let channel: DirectChannel;

beforeEach(async () => {
  broker = await startTestBroker();
  channel = await (await broker.connect()).createChannel();
});

afterEach(async () => {
  await broker.close();
});

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (body: Uint8Array | undefined): string => new TextDecoder().decode(body);

async function publishAll(queue: string, ...texts: string[]): Promise<void> {
  for (const each of texts) {
    await channel.publish({ routingKey: queue, body: bytes(each) });
  }
}

async function readyCount(queue: string): Promise<number> {
  return (await channel.queueDeclare(queue, { passive: true })).messageCount;
}

test('queues are declared, named by the broker if need be, counted, purged and deleted', async () => {
  expect(await channel.queueDeclare('q', { durable: true })).toEqual({
    queue: 'q',
    messageCount: 0,
    consumerCount: 0,
  });
  expect((await channel.queueDeclare()).queue).toMatch(/^amq\.gen-/);
  await publishAll('q', 'a', 'b');
  expect(await readyCount('q')).toBe(2);
  expect(await channel.queuePurge('q')).toBe(2);
  await publishAll('q', 'c');
  expect(await channel.queueDelete('q')).toBe(1);
});

test('exchanges are declared, bound, bound to each other, unbound and deleted', async () => {
  await channel.exchangeDeclare('outer', 'topic');
  await channel.exchangeDeclare('inner', 'fanout', { autoDelete: false });
  await channel.exchangeBind('inner', 'outer', { routingKey: 'orders.#' });
  await channel.queueDeclare('q');
  await channel.queueBind('q', 'inner');
  await channel.publish({ exchange: 'outer', routingKey: 'orders.new', body: bytes('in') });
  await channel.exchangeUnbind('inner', 'outer', { routingKey: 'orders.#' });
  await channel.publish({ exchange: 'outer', routingKey: 'orders.new', body: bytes('out') });
  await channel.queueUnbind('q', 'inner');
  await channel.publish({ exchange: 'inner', routingKey: '', body: bytes('out') });
  expect(await readyCount('q')).toBe(1);
  await channel.exchangeDelete('outer');
  await channel.exchangeDelete('inner');
});

test('get gives a message with its properties and the count that remains, or undefined', async () => {
  await channel.queueDeclare('q');
  expect(await channel.get('q')).toBeUndefined();
  const headers = { attempt: 3, ok: true, name: 'x' };
  const properties = { contentType: 'text/plain', messageId: 'm1', headers };
  await channel.publish({ routingKey: 'q', body: bytes('one'), properties });
  await publishAll('q', 'two');
  const message = await channel.get('q', { noAck: true });
  expect(message).toMatchObject({ exchange: '', routingKey: 'q', redelivered: false, messageCount: 1 });
  expect(text(message?.body)).toBe('one');
  expect(message?.properties).toMatchObject({ contentType: 'text/plain', messageId: 'm1' });
  expect(message?.properties.headers).toEqual(tableOf(headers));
});

test('a typed table is taken as it is', async () => {
  await channel.queueDeclare('q');
  const headers = new Map([['n', field.long(5)]]);
  await channel.publish({ routingKey: 'q', body: bytes(''), properties: { headers } });
  expect((await channel.get('q'))?.properties.headers).toEqual(headers);
});

test('bodies of every size come back whole: none, one frame, many frames', async () => {
  await channel.queueDeclare('q');
  for (const size of [0, 1, 131_064, 131_065, 3_000_000]) {
    const body = new Uint8Array(size).map((_, index) => index % 251);
    await channel.publish({ routingKey: 'q', body });
    const message = await channel.get('q', { noAck: true });
    expect(message?.body.length).toBe(size);
    expect(Buffer.compare(message?.body ?? new Uint8Array(0), body)).toBe(0);
  }
});

test('a body may be a text, which is sent as UTF-8', async () => {
  await channel.queueDeclare('q');
  await channel.publish({ routingKey: 'q', body: 'Grüße' });
  expect((await channel.get('q'))?.body).toEqual(bytes('Grüße'));
});

test.each([
  [[104, 105], 'an array'],
  [undefined, 'undefined'],
  [null, 'null'],
  [5, 'a number'],
  [{ hello: 1 }, 'an object'],
  [new Uint16Array(2), 'a Uint16Array'],
  [new ArrayBuffer(2), 'an ArrayBuffer'],
])('a body %j is refused by name, and nothing is sent', async (body, found) => {
  await channel.queueDeclare('q');
  const published = channel.publish({ routingKey: 'q', body: body as unknown as Uint8Array });
  await expect(published).rejects.toThrow(TypeError);
  await expect(published).rejects.toThrow(`body: found ${found}; allowed: a Uint8Array, or a string`);
  expect(await readyCount('q')).toBe(0);
});

test('a consumer gets messages in order, and acks, nacks and rejects are done', async () => {
  await channel.queueDeclare('q');
  const seen: string[] = [];
  await channel.consume('q', (delivery) => {
    seen.push(`${text(delivery.body)}${delivery.redelivered ? ' again' : ''}`);
    if (delivery.redelivered || text(delivery.body) === 'ack') {
      channel.ack(delivery);
    } else if (text(delivery.body) === 'nack') {
      channel.nack(delivery);
    } else {
      channel.reject(delivery.deliveryTag, { requeue: false });
    }
  });
  await publishAll('q', 'ack', 'nack', 'reject');
  await broker.settled();
  expect(seen.sort()).toEqual(['ack', 'nack', 'nack again', 'reject']);
  await channel.recover();
  expect(await readyCount('q')).toBe(0);
});

test('one ack with multiple settles all deliveries before it', async () => {
  await channel.queueDeclare('q');
  const deliveries: Delivery[] = [];
  const consumer = await channel.consume('q', (delivery) => {
    deliveries.push(delivery);
  });
  await publishAll('q', 'a', 'b', 'c');
  await broker.settled();
  channel.ack(deliveries[1] as Delivery, { multiple: true });
  await consumer.cancel();
  await channel.recover();
  expect(await readyCount('q')).toBe(1);
});

test('the prefetch count bounds what is under way', async () => {
  await channel.queueDeclare('q');
  await channel.qos({ prefetchCount: 2 });
  const deliveries: Delivery[] = [];
  await channel.consume('q', (delivery) => {
    deliveries.push(delivery);
  });
  await publishAll('q', 'a', 'b', 'c');
  await broker.settled();
  expect(deliveries).toHaveLength(2);
  channel.ack(deliveries[0] as Delivery);
  await broker.settled();
  expect(deliveries).toHaveLength(3);
});

test('a consumer on a queue with a backlog misses nothing, although deliveries come with the answer', async () => {
  await channel.queueDeclare('q');
  await publishAll('q', 'a', 'b', 'c');
  const seen: string[] = [];
  await channel.consume('q', (delivery) => void seen.push(text(delivery.body)), { noAck: true });
  await broker.settled();
  expect(seen).toEqual(['a', 'b', 'c']);
});

test('a cancelled consumer gets nothing more, and cancelling again is harmless', async () => {
  await channel.queueDeclare('q');
  const seen: string[] = [];
  const consumer = await channel.consume('q', (delivery) => void seen.push(text(delivery.body)), {
    consumerTag: 'mine',
  });
  expect(consumer.consumerTag).toBe('mine');
  await consumer.cancel();
  await consumer.cancel();
  await publishAll('q', 'a');
  await broker.settled();
  expect(seen).toEqual([]);
});

test('a queue that is deleted cancels its consumers', async () => {
  await channel.queueDeclare('q');
  const { consumerTag } = await channel.consume('q', () => {});
  const cancelled = once(channel, 'cancel');
  await channel.queueDelete('q');
  expect(await cancelled).toEqual([consumerTag]);
});

test('a handler that fails makes an error event, and its message stays unacked', async () => {
  await channel.queueDeclare('q');
  const reasons: unknown[] = [];
  channel.on('error', (reason) => reasons.push(reason));
  const consumer = await channel.consume('q', async () => {
    throw new Error('late');
  });
  await publishAll('q', 'a');
  await broker.settled();
  await consumer.cancel();
  await channel.consume('q', () => {
    throw new Error('at once');
  });
  await publishAll('q', 'b');
  await broker.settled();
  expect(reasons).toEqual([new Error('late'), new Error('at once')]);
  await channel.close();
  channel = await (await broker.connect()).createChannel();
  expect(await readyCount('q')).toBe(2);
});

test('in confirm mode publish resolves when the broker has confirmed', async () => {
  await channel.queueDeclare('q');
  await channel.confirmSelect();
  await Promise.all(
    Array.from({ length: 100 }, () => channel.publish({ routingKey: 'q', body: bytes('x') })),
  );
  expect(await readyCount('q')).toBe(100);
});

test('in confirm mode publish rejects when the broker refuses', async () => {
  await channel.queueDeclare('q', { arguments: { 'x-max-length': 1, 'x-overflow': 'reject-publish' } });
  await channel.confirmSelect();
  await publishAll('q', 'fits');
  const refused = channel.publish({ routingKey: 'q', body: bytes('one too many') });
  await expect(refused).rejects.toThrow(PublishRefusedError);
  await expect(refused).rejects.toMatchObject({ deliveryTag: 2 });
});

test('a message that is not valid is not sent, and the confirms that follow stay right', async () => {
  await channel.queueDeclare('q');
  await channel.confirmSelect();
  await expect(channel.publish({ routingKey: 'k'.repeat(256), body: bytes('x') })).rejects.toThrow('255');
  await publishAll('q', 'x');
  await expect(channel.queueDeclare('k'.repeat(256))).rejects.toThrow('255');
  expect(await readyCount('q')).toBe(1);
});

test('waiting for a confirm can be given up', async () => {
  await channel.confirmSelect();
  const controller = new AbortController();
  const { signal } = controller;
  const published = channel.publish({ routingKey: 'q', body: bytes('x'), signal });
  controller.abort(new Error('enough'));
  await expect(published).rejects.toThrow('enough');
  await expect(channel.publish({ routingKey: 'q', body: bytes('x'), signal })).rejects.toThrow('enough');
});

test('a mandatory message without a queue is returned before it is confirmed', async () => {
  await channel.confirmSelect();
  const order: string[] = [];
  channel.on('return', (message) =>
    order.push(`${message.replyCode} ${message.replyText} ${text(message.body)}`),
  );
  await channel.publish({ routingKey: 'nowhere', mandatory: true, body: bytes('lost') });
  order.push('confirmed');
  expect(order).toEqual(['312 NO_ROUTE lost', 'confirmed']);
});

test('a listener that throws is an uncaught exception, and the connection goes on', async () => {
  const failures = uncaughtErrors();
  await channel.queueDeclare('q');
  channel.on('return', () => {
    throw new Error('the listener of return');
  });
  channel.on('error', () => {
    throw new Error('the listener of error');
  });
  await channel.consume('q', () => {
    throw new Error('the handler');
  });
  await channel.publish({ routingKey: 'nowhere', mandatory: true, body: 'lost' });
  await publishAll('q', 'a');
  await broker.settled();
  expect(await readyCount('q')).toBe(0);
  expect(failures.stop()).toEqual(['the listener of return', 'the listener of error']);
});

test('a transaction makes its messages visible with the commit, and drops them with a rollback', async () => {
  await channel.queueDeclare('q');
  const observer = await (await broker.connect()).createChannel();
  const seenByOthers = async (): Promise<number> =>
    (await observer.queueDeclare('q', { passive: true })).messageCount;
  await channel.txSelect();
  await publishAll('q', 'a');
  expect(await seenByOthers()).toBe(0);
  await channel.txCommit();
  expect(await seenByOthers()).toBe(1);
  await publishAll('q', 'b');
  await channel.txRollback();
  await channel.txCommit();
  expect(await seenByOthers()).toBe(1);
});

test('a refused method closes the channel: what waits and what follows fails with its reply code', async () => {
  const closed = once(channel, 'close');
  const refused = channel.queueDeclare('missing', { passive: true });
  const behind = channel.queueDeclare('q');
  await expect(refused).rejects.toThrow(ChannelClosedError);
  await expect(refused).rejects.toMatchObject({ replyCode: 404 });
  await expect(behind).rejects.toMatchObject({ replyCode: 404 });
  expect((await closed)[0]).toMatchObject({ replyCode: 404 });
  expect(() => channel.ack(1)).toThrow(ChannelClosedError);
  await expect(channel.publish({ routingKey: 'q', body: bytes('x') })).rejects.toMatchObject({
    replyCode: 404,
  });
  await channel.close();
});

test('other channels of the connection survive, and the number of the closed one is used again', async () => {
  const connection = await broker.connect();
  const failing = await connection.createChannel();
  const other = await connection.createChannel();
  await expect(failing.queueDeclare('missing', { passive: true })).rejects.toThrow();
  expect(await other.queueDeclare('q')).toMatchObject({ queue: 'q' });
  expect((await connection.createChannel()).number).toBe(failing.number);
});

test('a hard error closes the connection, and all its channels fail with it', async () => {
  const connection = await broker.connect();
  const failing = await connection.createChannel();
  const other = await connection.createChannel();
  await expect(failing.exchangeDeclare('x', 'no-such-type')).rejects.toMatchObject({
    name: 'ConnectionClosedError',
    replyCode: 503,
  });
  await expect(other.queueDeclare('q')).rejects.toMatchObject({ replyCode: 503 });
});

test('unconfirmed messages fail when the channel is closed by an error', async () => {
  await channel.confirmSelect();
  const published = channel.publish({ exchange: 'missing', routingKey: 'q', body: bytes('x') });
  await expect(published).rejects.toMatchObject({ name: 'ChannelClosedError', replyCode: 404 });
});

test('closing a channel returns its unacked deliveries, and closing twice gives the same end', async () => {
  const other = await (await broker.connect()).createChannel();
  await channel.queueDeclare('q');
  await publishAll('q', 'a');
  await other.get('q');
  const closing = other.close();
  expect(() => other.ack(1)).toThrow('closed by the client');
  await Promise.all([closing, other.close()]);
  await other.close();
  expect(await readyCount('q')).toBe(1);
});

test('a channel that both sides close at the same time closes, and its number is free', async () => {
  const connection = await broker.connect();
  const crossing = await connection.createChannel();
  const refused = crossing.queueDeclare('missing', { passive: true });
  await Promise.all([crossing.close(), expect(refused).rejects.toThrow()]);
  const next = await connection.createChannel();
  expect(await next.queueDeclare('q')).toMatchObject({ queue: 'q' });
});

test('an async iteration gets all messages with its credit, and acks move it on', async () => {
  await channel.queueDeclare('q');
  await publishAll('q', '1', '2', '3', '4', '5');
  const seen: string[] = [];
  for await (const delivery of await channel.deliveries('q', { credit: 2 })) {
    seen.push(text(delivery.body));
    channel.ack(delivery);
    if (seen.length === 4) {
      break;
    }
  }
  expect(seen).toEqual(['1', '2', '3', '4']);
  expect(await channel.queueDeclare('q', { passive: true })).toMatchObject({
    messageCount: 1,
    consumerCount: 0,
  });
});

test('the credit of an iteration does not change the prefetch count of consumers that follow', async () => {
  await channel.queueDeclare('q');
  await channel.queueDeclare('r');
  await channel.qos({ prefetchCount: 3 });
  const stream = await channel.deliveries('q', { credit: 1 });
  const seen: Delivery[] = [];
  await channel.consume('r', (delivery) => void seen.push(delivery));
  await publishAll('r', '1', '2', '3', '4');
  await broker.settled();
  expect(seen).toHaveLength(3);
  await stream.return();
});

test('an iteration leaves a limit that the consumers of the channel share as it was', async () => {
  await channel.queueDeclare('q');
  await channel.queueDeclare('r');
  await channel.qos({ prefetchCount: 2, global: true });
  const stream = await channel.deliveries('q', { credit: 10 });
  const seen: Delivery[] = [];
  await channel.consume('r', (delivery) => void seen.push(delivery));
  await publishAll('r', '1', '2', '3', '4');
  await broker.settled();
  expect(seen).toHaveLength(2);
  await stream.return();
});

test('a signal that aborts while the consumer is being set up is not missed', async () => {
  await channel.queueDeclare('q');
  const controller = new AbortController();
  const opening = channel.deliveries('q', { signal: controller.signal });
  controller.abort(new Error('enough'));
  await expect(opening).rejects.toThrow('enough');
  expect((await channel.queueDeclare('q', { passive: true })).consumerCount).toBe(0);
});

test('an iteration that has ended no longer listens to its signal', async () => {
  await channel.queueDeclare('q');
  const { signal } = new AbortController();
  const left = await channel.deliveries('q', { signal });
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  await left.return();
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  await channel.deliveries('q', { signal });
  await channel.queueDelete('q');
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});

test('a signal ends an iteration', async () => {
  await channel.queueDeclare('q');
  const controller = new AbortController();
  await publishAll('q', '1', '2');
  const seen: string[] = [];
  for await (const delivery of await channel.deliveries('q', { signal: controller.signal })) {
    seen.push(text(delivery.body));
    channel.ack(delivery);
    controller.abort();
  }
  await broker.settled();
  expect(seen).toEqual(['1']);
  expect(await readyCount('q')).toBe(1);
});

test('an iteration over a queue that is deleted ends, over a channel that fails it fails', async () => {
  await channel.queueDeclare('q');
  const ended = await channel.deliveries('q');
  await channel.queueDelete('q');
  expect(await ended.next()).toMatchObject({ done: true });
  await channel.queueDeclare('q');
  const failed = (await channel.deliveries('q')).next();
  await expect(channel.queueDeclare('missing', { passive: true })).rejects.toThrow();
  await expect(failed).rejects.toMatchObject({ replyCode: 404 });
});
