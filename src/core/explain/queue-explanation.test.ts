import { beforeEach, describe, expect, test } from 'vitest';
import { messageTo, RuntimeUnderTest } from '../../../test/core/runtime-under-test.ts';
import type { QueueArguments } from '../arguments/queue-arguments.ts';
import { appendMessageRecord, NO_EXPIRATION } from '../message/message-record.ts';
import { Consumer, type ConsumerSettings, type DeliveryTarget } from '../queue/consumer.ts';
import type { Lane } from '../queue/lane.ts';
import { Queue } from '../queue/queue.ts';
import { explainQueue, type QueueExplanation } from './queue-explanation.ts';

let host: RuntimeUnderTest;
let queue: Queue;
/** What was delivered and not settled. */
let delivered: { readonly consumer: Consumer; readonly lane: Lane; readonly seq: number }[];

beforeEach(() => {
  host = new RuntimeUnderTest();
  delivered = [];
  queue = queueWith({});
});

function queueWith(settings: Partial<QueueArguments>): Queue {
  const properties = {
    name: 'q',
    durable: false,
    autoDelete: false,
    exclusiveOwner: undefined,
    arguments: new Map(),
  };
  const vhost = { name: '/', removeQueue: () => {}, deadLetter: () => {}, keepOutcome: () => {} };
  const declared = { type: 'classic', singleActiveConsumer: false, ...settings } as QueueArguments;
  return new Queue(host.runtime, vhost, properties, declared);
}

function publish(count = 1): void {
  for (let index = 0; index < count; index++) {
    const lane = queue.laneFor(0);
    const nowMs = host.runtime.now();
    const position = appendMessageRecord(host.log, messageTo('q', 'm'), [lane], 0, 1, false, nowMs);
    queue.enqueue(lane, position, 1, NO_EXPIRATION);
  }
  queue.pump();
}

function consume(
  settings: Partial<ConsumerSettings> = {},
  target: Partial<Pick<DeliveryTarget, 'canDeliver' | 'hasGlobalCredit'>> = {},
): Consumer {
  const consumer: Consumer = new Consumer(
    {
      canDeliver: true,
      hasGlobalCredit: true,
      ...target,
      deliver: (to, lane, seq) => {
        to.unackedCount++;
        delivered.push({ consumer: to, lane, seq });
      },
      onQueueDeleted: () => {},
    },
    queue,
    {
      consumerTag: 'ctag',
      noAck: false,
      exclusive: false,
      prefetchCount: 0,
      priority: 0,
      arguments: new Map(),
      ...settings,
    },
  );
  queue.addConsumer(consumer);
  queue.pump();
  return consumer;
}

function explain(alarmReason?: string, leasedCount = 0): QueueExplanation {
  return explainQueue(queue, { nowMs: host.runtime.now(), alarmReason, leasedCount });
}

function codes(): string[] {
  return explain().reasons.map(({ reason }) => reason);
}

describe('a queue', () => {
  test('without messages is empty', () => {
    consume();
    expect(explain()).toMatchObject({ state: 'empty', reasons: [{ reason: 'empty' }] });
  });

  test('without a consumer is stuck', () => {
    publish();
    expect(explain()).toMatchObject({ state: 'stuck', reasons: [{ reason: 'no_consumer' }] });
  });

  test('that is paused says that first', () => {
    queue.pause();
    publish();
    expect(codes()).toEqual(['paused', 'no_consumer']);
  });

  test('whose consumers are full says since when, and how many messages they have', () => {
    consume({ prefetchCount: 2 });
    publish(3);
    host.advanceTo(180_000);
    const { state, reasons } = explain();
    expect(state).toBe('stuck');
    expect(reasons[0]).toMatchObject({
      reason: 'prefetch_full',
      text: '1 consumer is full: 2 messages delivered and not acknowledged, the longest for 3 minutes',
      consumers: [{ consumerTag: 'ctag', prefetchCount: 2, unackedCount: 2, blockedMs: 180_000 }],
    });
  });

  test('whose channels are full together says so', () => {
    consume({}, { hasGlobalCredit: false });
    publish();
    expect(codes()).toEqual(['global_prefetch_full']);
  });

  test('whose consumers do not read says so before anything about their prefetch', () => {
    consume({ prefetchCount: 1 });
    consume({ consumerTag: 'slow' }, { canDeliver: false });
    publish(2);
    expect(codes()).toEqual(['socket_not_read', 'prefetch_full']);
  });

  test('with one consumer that can take messages is draining, whatever the others do', () => {
    consume({ consumerTag: 'slow' }, { canDeliver: false });
    publish();
    consume();
    // More than one turn delivers.
    publish(20_000);
    queue.pause();
    publish();
    queue.resume();
    expect(explain().state).toBe('draining');
    expect(codes()).toEqual(['delivering']);
  });

  test('with a single active consumer looks at that one only, and names it', () => {
    queue = queueWith({ singleActiveConsumer: true });
    consume({ prefetchCount: 1 });
    consume({ consumerTag: 'standby' });
    publish(2);
    expect(codes()).toEqual(['prefetch_full', 'single_active_consumer']);
    expect(explain().reasons[1]?.text).toContain("'ctag'; 1 other waits");
  });

  test('of which everything is unacked waits', () => {
    consume();
    publish(3);
    expect(explain()).toMatchObject({ state: 'waiting', reasons: [{ reason: 'all_unacked' }] });
    expect(explain(undefined, 1).reasons[0]?.text).toMatch(/, 1 of them under a lease over HTTP$/);
  });

  test('that holds messages back says until when', () => {
    consume();
    publish();
    for (const { lane, seq } of delivered) queue.requeue(lane, seq, 'returned', 60_000);
    const [reason] = explain().reasons;
    expect(reason).toMatchObject({ reason: 'held_back' });
    expect(reason?.text).toContain('the first for 1 minute more');
  });

  test('that nobody takes from, with a time to live, says that its messages expire', () => {
    queue = queueWith({ messageTtlMs: 60_000, deadLetterExchange: 'graveyard' });
    publish();
    expect(codes()).toEqual(['no_consumer', 'messages_expire']);
    expect(explain().reasons[1]?.text).toContain("goes to exchange 'graveyard'");
    host.clock.moveTo(61_000);
    host.runtime.endTurn();
    expect(codes()).toEqual(['no_consumer', 'head_expired']);
  });

  test('tells of an alarm', () => {
    publish();
    expect(explain('low on memory').reasons.at(-1)).toMatchObject({ reason: 'alarm' });
  });

  test.each([
    ['awaitsReach', 'waiting_for_disk'],
    ['isFetchingPage', 'fetching_page'],
  ])('for which %s is true says %s', (obstacle, code) => {
    consume();
    queue.pause();
    publish();
    queue.resume();
    const { obstacles } = queue;
    Object.defineProperty(queue, 'obstacles', { value: { ...obstacles, [obstacle]: true } });
    expect(explain()).toMatchObject({ state: 'stuck', reasons: [{ reason: code }] });
  });
});
