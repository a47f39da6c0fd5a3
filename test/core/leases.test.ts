import { afterEach, describe, expect, test } from 'vitest';
import type { LeasedMessage } from '../../src/core/lease/lease.ts';
import { Receiver, type ReceiverEnd, type ReceiverSettings } from '../../src/core/lease/receiver.ts';
import type { Queue } from '../../src/core/queue/queue.ts';
import { SurvivingBroker } from './surviving-broker.ts';

let run: SurvivingBroker;

afterEach(async () => {
  await run.stop();
});

function queue(name = 'q'): Queue {
  return run.vhost.queues.get(name) as Queue;
}

async function fill(...bodies: string[]): Promise<void> {
  const channel = await run.channel();
  await channel.queueDeclare('q', { durable: true });
  await channel.queueDeclare('target', { durable: true });
  await channel.confirmSelect();
  for (const body of bodies) {
    await channel.publish({ routingKey: 'q', body, properties: { deliveryMode: 2 } });
  }
}

/** Messages that one receiver gets, until it has none to wait for. */
async function receive(settings: Partial<ReceiverSettings> = {}): Promise<LeasedMessage[]> {
  const messages: LeasedMessage[] = [];
  const { runtime, leases } = run.broker;
  const whole = { username: 'guest', credit: 10, leaseMs: 1000, waitMs: undefined, ...settings };
  const receiver = new Receiver(runtime, leases, queue(), whole, {
    onMessage: (message) => void messages.push(message),
    onEnd: (_end: ReceiverEnd) => {},
  });
  await durable();
  while (queue().isDeliveryPending) await new Promise((resolve) => setImmediate(resolve));
  receiver.cancel();
  return messages;
}

function durable(): Promise<void> {
  return new Promise((resolve) => run.broker.whenDurable(resolve));
}

function text({ publication }: LeasedMessage): string {
  return new TextDecoder().decode(publication.body);
}

function lease(message: LeasedMessage) {
  const found = run.broker.leases.find(message.leaseId, 'guest', queue());
  if (found === undefined) throw new Error('the lease is gone');
  return found;
}

describe('after a restart', () => {
  test('what was leased is ready again, and known as redelivered', async () => {
    run = await SurvivingBroker.start();
    await fill('a', 'b');
    await receive({ credit: 1 });
    run = await run.crash();
    const again = await receive();
    expect(again.map(text)).toEqual(['a', 'b']);
    expect(again[0]?.redelivered).toBe(true);
  });

  test('what was settled stays settled, and what waits for its retry still waits', async () => {
    run = await SurvivingBroker.start();
    await fill('a', 'b', 'c');
    const [a, b] = (await receive()) as [LeasedMessage, LeasedMessage];
    run.broker.leases.acknowledge(lease(a));
    run.broker.leases.retry(lease(b), 60_000);
    await durable();
    run = await run.crash();
    expect(queue()).toMatchObject({ readyCount: 1, heldCount: 1 });
    expect((await receive()).map(text)).toEqual(['c']);
  });

  test('a message that was moved is in one place', async () => {
    run = await SurvivingBroker.start();
    await fill('a', 'b');
    const moved = queue().moveNext(
      (publication) => run.vhost.deliver([queue('target')], publication) === 'routed',
    );
    expect(moved).toBe('moved');
    await durable();
    run = await run.crash();
    expect([queue().readyCount, queue('target').readyCount]).toEqual([1, 1]);
  });

  test('a message whose move was never committed is where it was', async () => {
    run = await SurvivingBroker.start();
    await fill('a');
    queue().moveNext((publication) => run.vhost.deliver([queue('target')], publication) === 'routed');
    run = await run.crash();
    expect([queue().readyCount, queue('target').readyCount]).toEqual([1, 0]);
  });
});

test('a move that throws leaves the message where it was, ready, and as never delivered', async () => {
  run = await SurvivingBroker.start();
  await fill('a', 'b');
  const move = () =>
    queue().moveNext(() => {
      throw new Error('not there');
    });
  expect(move).toThrow('not there');
  expect(queue()).toMatchObject({ readyCount: 2, unackedCount: 0 });
  const received = await receive();
  expect(received.map(text)).toEqual(['a', 'b']);
  expect(received.map(({ redelivered }) => redelivered)).toEqual([false, false]);
});

test('a message that was delivered before is known as that after a move that was refused', async () => {
  run = await SurvivingBroker.start();
  await fill('a', 'b');
  const [first] = await receive({ credit: 1 });
  run.broker.leases.retry(lease(first as LeasedMessage), undefined);
  expect(queue().moveNext(() => false)).toBe('kept');
  const received = await receive();
  expect(received.map(text)).toEqual(['a', 'b']);
  expect(received.map(({ redelivered }) => redelivered)).toEqual([true, false]);
});

test('a message that comes back to a queue that deduplicates is no repetition', async () => {
  run = await SurvivingBroker.start();
  const channel = await run.channel();
  const once = { 'x-message-deduplication': true, 'x-cache-ttl': 60_000 };
  await channel.queueDeclare('target', { durable: true, arguments: once });
  await channel.queueDeclare('q', { durable: true });
  const headers = { 'x-deduplication-header': 'key' };
  await channel.confirmSelect();
  for (const routingKey of ['target', 'q'])
    await channel.publish({ routingKey, body: 'a', properties: { headers } });
  await channel.get('target', { noAck: true });
  const moved = queue().moveNext(
    (publication) => run.vhost.deliver([queue('target')], publication) === 'routed',
  );
  expect([moved, queue().readyCount, queue('target').readyCount]).toEqual(['moved', 0, 1]);
});

test('leases of a queue that is deleted take no room any more', async () => {
  run = await SurvivingBroker.start();
  await fill('a', 'b');
  await receive({ leaseMs: 3_600_000 });
  expect(run.broker.leases.count).toBe(2);
  run.vhost.removeQueue(queue());
  await durable();
  expect(run.broker.leases.count).toBe(0);
});

test('what a deleted user has under a lease is ready again', async () => {
  run = await SurvivingBroker.start();
  await fill('a', 'b');
  await receive({ leaseMs: 3_600_000, username: 'ann' });
  run.broker.putUser('ann', 'ann');
  run.broker.deleteUser('ann');
  await durable();
  expect(queue()).toMatchObject({ readyCount: 2, unackedCount: 0 });
  expect(run.broker.leases.count).toBe(0);
});

describe('an auto-delete queue', () => {
  /** What only waits for its next messages. */
  function poll(): Receiver {
    const settings = { username: 'guest', credit: 1, leaseMs: 1000, waitMs: 60_000 };
    return new Receiver(run.broker.runtime, run.broker.leases, queue(), settings, {
      onMessage: () => {},
      onEnd: () => {},
    });
  }

  test('stays when only receivers that wait for their next messages came and went', async () => {
    run = await SurvivingBroker.start();
    await (await run.channel()).queueDeclare('q', { autoDelete: true });
    poll().cancel();
    expect(run.vhost.queues.has('q')).toBe(true);
  });

  test('goes when its last consumer went while such a receiver waited', async () => {
    run = await SurvivingBroker.start();
    const channel = await run.channel();
    await channel.queueDeclare('q', { autoDelete: true });
    const consumer = await channel.consume('q', () => {}, { noAck: true });
    const receiver = poll();
    await consumer.cancel();
    expect(run.vhost.queues.has('q')).toBe(true);
    receiver.cancel();
    expect(run.vhost.queues.has('q')).toBe(false);
  });
});

test('a receiver has no more messages than its credit, and a slow reader gets none', async () => {
  run = await SurvivingBroker.start();
  await fill('a', 'b', 'c');
  const messages: LeasedMessage[] = [];
  const settings = { username: 'guest', credit: 2, leaseMs: 1000, waitMs: undefined };
  const receiver = new Receiver(run.broker.runtime, run.broker.leases, queue(), settings, {
    onMessage: (message) => void messages.push(message),
    onEnd: () => {},
  });
  await durable();
  expect(messages.map(text)).toEqual(['a', 'b']);
  receiver.pause();
  run.broker.leases.acknowledge(lease(messages[0] as LeasedMessage));
  await durable();
  expect(messages).toHaveLength(2);
  receiver.resume();
  await durable();
  expect(messages.map(text)).toEqual(['a', 'b', 'c']);
});

test('messages are leased one after the other by single active consumer', async () => {
  run = await SurvivingBroker.start();
  const channel = await run.channel();
  await channel.queueDeclare('q', { arguments: { 'x-single-active-consumer': true } });
  await channel.consume('q', () => {}, { noAck: true });
  await channel.publish({ routingKey: 'q', body: 'a' });
  expect(await receive()).toEqual([]);
});
