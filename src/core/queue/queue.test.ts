import { beforeEach, expect, test } from 'vitest';
import { messageTo, RuntimeUnderTest } from '../../../test/core/runtime-under-test.ts';
import type { QueueArguments } from '../arguments/queue-arguments.ts';
import { appendMessageRecord, NO_EXPIRATION } from '../message/message-record.ts';
import { Consumer, type DeliveryTarget } from './consumer.ts';
import { Queue } from './queue.ts';

const DELIVERIES_PER_TURN = 16_384;
const EXPIRIES_PER_TURN = 2048;

let host: RuntimeUnderTest;
let delivered: number;

beforeEach(() => {
  host = new RuntimeUnderTest();
  delivered = 0;
});

function queueWith(count: number, settings: Partial<QueueArguments>): Queue {
  const properties = {
    name: 'q',
    durable: false,
    autoDelete: false,
    exclusiveOwner: undefined,
    arguments: new Map(),
  };
  const vhost = { name: '/', removeQueue: () => {}, deadLetter: () => {} };
  const queue = new Queue(host.runtime, vhost, properties, {
    type: 'classic',
    ...settings,
  } as QueueArguments);
  for (let index = 0; index < count; index++) {
    const lane = queue.laneFor(0);
    const position = appendMessageRecord(host.log, messageTo('q', 'm'), [lane], 0, 1, host.runtime.now());
    queue.enqueue(lane, position, 1, NO_EXPIRATION);
  }
  return queue;
}

function consume(queue: Queue): void {
  const target: DeliveryTarget = {
    canDeliver: true,
    hasGlobalCredit: true,
    deliver: () => {
      delivered++;
    },
    onQueueDeleted: () => {},
  };
  const settings = { consumerTag: 'c', noAck: true, exclusive: false, prefetchCount: 0 };
  queue.addConsumer(new Consumer(target, queue, { ...settings, priority: 0, arguments: new Map() }));
}

test('a pump says how many messages moved, with a TTL as without', () => {
  for (const settings of [{}, { messageTtlMs: 1000 }]) {
    const queue = queueWith(3, settings);
    expect(queue.pump()).toBe(0);
    consume(queue);
    expect(queue.pump()).toBe(3);
    expect(queue.pump()).toBe(0);
  }
  const queue = queueWith(3, { messageTtlMs: 1000 });
  host.clock.moveTo(1000);
  host.runtime.endTurn();
  expect(queue.pump()).toBe(3);
});

test('a queue with a TTL delivers as many messages in a turn as one without', () => {
  const queue = queueWith(DELIVERIES_PER_TURN + 1, { messageTtlMs: 1000 });
  consume(queue);
  expect(queue.pump()).toBe(DELIVERIES_PER_TURN);
  expect(delivered).toBe(DELIVERIES_PER_TURN);
  expect(queue.due).toBe(true);
});

test('no more messages expire in a turn than a bounded number, and the rest in the next ones', () => {
  for (const atMs of [1000, 1001]) {
    host.runtime.endTurn();
    const queue = queueWith(EXPIRIES_PER_TURN + 10, { messageTtlMs: 1000 });
    host.clock.moveTo(host.runtime.now() + atMs);
    host.runtime.endTurn();
    expect(queue.pump()).toBe(EXPIRIES_PER_TURN);
    expect(queue.readyCount).toBe(10);
    expect(queue.due).toBe(true);
    expect(queue.pump()).toBe(10);
    expect(queue.due).toBe(false);
  }
});

test('a limit that is lowered drops what is over it in several turns', () => {
  const queue = queueWith(EXPIRIES_PER_TURN + 10, {});
  queue.applySettings({ ...queue.settings, maxLength: 5 });
  expect(queue.readyCount).toBe(10);
  expect(queue.due).toBe(true);
  expect(queue.pump()).toBe(5);
  expect(queue.readyCount).toBe(5);
});

test('only a queue that refuses when it is full makes no room, after its consumers took what they could', () => {
  const queue = queueWith(2, { maxLength: 2, overflow: 'reject-publish' });
  expect(queue.makeRoom(1)).toBe(false);
  consume(queue);
  expect(queue.makeRoom(1)).toBe(true);
  expect(delivered).toBe(2);
  expect(queueWith(2, { maxLength: 2 }).makeRoom(1)).toBe(true);
});

test('a purge leaves what is unacked, and what comes afterwards', () => {
  const queue = queueWith(5, {});
  const lane = queue.laneFor(0);
  const taken: number[] = [];
  queue.get({ deliverGet: (_lane, seq) => taken.push(seq) }, false);
  expect(queue.purge()).toBe(4);
  expect([queue.readyCount, queue.readyBytes, queue.unackedCount]).toEqual([0, 0, 1]);
  queue.requeue(lane, taken[0] as number, 'returned');
  expect(queue.readyCount).toBe(1);
  host.advanceTo(0);
  queue.get({ deliverGet: (_lane, seq) => taken.push(seq) }, true);
  expect(taken).toEqual([0, 0]);
  expect(host.log.liveBytes).toBe(0);
});
