import { beforeEach, describe, expect, test } from 'vitest';
import { Deadlines } from '../deadlines.ts';
import { QueueActivity } from './flow-activity.ts';
import { MessageCounters } from './message-counters.ts';
import { Statistics } from './statistics.ts';
import type { CountedQueue } from './totals.ts';

const START_MS = 10_000_000;

let nowMs: number;
let deadlines: Deadlines;
let statistics: Statistics;
let queue: TestQueue;

/** A queue as statistics see it: messages come and go as the test says. */
class TestQueue implements CountedQueue {
  readonly counters = new MessageCounters();
  readonly activity: QueueActivity;
  readyCount: number;
  unackedCount = 0;
  enqueuedCount: number;
  readonly restoredCount: number;
  consumerCount = 0;

  constructor(restoredCount = 0) {
    this.restoredCount = restoredCount;
    this.enqueuedCount = restoredCount;
    this.readyCount = restoredCount;
    this.activity = new QueueActivity(statistics, this);
  }

  get messageCount(): number {
    return this.readyCount + this.unackedCount;
  }

  come(count: number): void {
    this.enqueuedCount += count;
    this.readyCount += count;
    this.activity.touch();
  }

  go(count: number): void {
    this.readyCount -= count;
    this.counters.ack += count;
    this.activity.touch();
  }
}

beforeEach(() => {
  nowMs = START_MS;
  deadlines = new Deadlines();
  statistics = new Statistics({ deadlines, now: () => nowMs, wallMsOf: (coreMs) => coreMs });
  queue = new TestQueue();
});

function advance(seconds: number): void {
  const endMs = nowMs + seconds * 1000;
  while (deadlines.nextMs <= endMs) {
    nowMs = Math.max(nowMs, deadlines.nextMs);
    deadlines.runDue(nowMs, 1024);
  }
  nowMs = endMs;
}

/** So many messages come and go in each of so many seconds. */
function flow(seconds: number, come: number, go: number): void {
  for (let second = 0; second < seconds; second++) {
    queue.come(come);
    queue.go(go);
    advance(1);
  }
}

describe('the state', () => {
  test('of a queue that nothing happens to is idle', () => {
    advance(100);
    expect(statistics.flowOf(queue, 60)).toMatchObject({
      state: 'idle',
      ratePerSecondIn: 0,
      ratePerSecondOut: 0,
      delayMs: undefined,
      drainMs: 0,
      utilisation: undefined,
      measured: undefined,
    });
  });

  test('is steady when about as much goes as comes, and D is Q / C', () => {
    queue.come(50);
    advance(1000);
    flow(100, 10, 10);
    expect(statistics.flowOf(queue, 60)).toMatchObject({
      state: 'steady',
      messageCount: 50,
      delayMs: 5000,
      drainMs: undefined,
    });
  });

  test('is growing when more comes, and then there is no delay', () => {
    flow(100, 20, 10);
    const { state, delayMs, drainMs } = statistics.flowOf(queue, 60);
    expect([state, delayMs, drainMs]).toEqual(['growing', undefined, undefined]);
  });

  test('is draining when more goes, and the time to drain is Q / (C - P)', () => {
    queue.come(1000);
    advance(1000);
    flow(60, 5, 15);
    expect(statistics.flowOf(queue, 60)).toMatchObject({
      state: 'draining',
      messageCount: 400,
      drainMs: 40_000,
    });
    expect(statistics.flowOf(queue, 60).delayMs).toBeCloseTo(26_667, 0);
  });

  test('is stalled when nothing goes although something waits, in each window that has nothing else', () => {
    flow(10, 5, 4);
    advance(100);
    const states = [60, 600].map((window) => statistics.flowOf(queue, window).state);
    expect(states).toEqual(['stalled', 'growing']);
    expect(statistics.flowOf(queue, 60)).toMatchObject({ delayMs: undefined, drainMs: undefined });
  });

  test('is not stalled while the first messages have just come', () => {
    advance(7);
    queue.come(10);
    advance(3);
    expect(statistics.flowOf(queue, 60).state).toBe('growing');
    advance(15);
    expect(statistics.flowOf(queue, 60).state).toBe('stalled');
  });

  test('is stalled after a restart when nobody takes what is there', () => {
    queue = new TestQueue(5);
    advance(60);
    expect(statistics.flowOf(queue, 60)).toMatchObject({
      state: 'stalled',
      ratePerSecondIn: 0,
      enqueuedCount: 5,
    });
  });

  test('is steady when everything goes at once', () => {
    flow(30, 10, 10);
    expect(statistics.flowOf(queue, 60)).toMatchObject({ state: 'steady', delayMs: 0, drainMs: 0 });
  });
});

describe('the window', () => {
  test('is taken over what is known, for an object that is younger', () => {
    flow(20, 3, 0);
    expect(statistics.flowOf(queue, 60)).toMatchObject({ coveredSeconds: 20, ratePerSecondIn: 3 });
  });

  test('does not blow up what has just come', () => {
    queue.come(100);
    expect(statistics.flowOf(queue, 60)).toMatchObject({ coveredSeconds: 1, ratePerSecondIn: 100 });
  });

  test('is a little more than was asked for, and what came then is exact', () => {
    flow(7200, 3, 3);
    for (const [windowSeconds, slack] of [
      [60, 5],
      [600, 60],
      [3600, 60],
      [86_400, 0],
    ] as const) {
      const found = statistics.flowOf(queue, windowSeconds);
      const covered = Math.min(windowSeconds, 7200);
      expect(found.coveredSeconds).toBeGreaterThanOrEqual(covered);
      expect(found.coveredSeconds).toBeLessThanOrEqual(covered + slack);
      expect(found.enqueuedInWindow).toBe(3 * found.coveredSeconds);
    }
  });

  test('of a day begins half an hour earlier at most', () => {
    flow(3600, 1, 1);
    advance(86_400 + 1800);
    expect(statistics.flowOf(queue, 86_400).enqueuedInWindow).toBe(0);
    expect(statistics.flowOf(queue, 86_400).state).toBe('idle');
  });
});

describe('consumers', () => {
  test('are utilised for the share of their time in which they were busy', () => {
    queue.activity.addConsumers(2, nowMs);
    for (let second = 0; second < 60; second++) {
      queue.come(5);
      queue.activity.addBusy(1, nowMs);
      advance(0.5);
      queue.activity.addBusy(-1, nowMs);
      queue.go(5);
      advance(0.5);
    }
    expect(statistics.flowOf(queue, 60, 150)).toMatchObject({
      utilisation: 0.25,
      serviceRatePerSecond: 10,
      consumersNeeded: 2,
    });
    expect(statistics.flowOf(queue, 60, 90).consumersNeeded).toBeUndefined();
  });

  test('that do not acknowledge have no utilisation', () => {
    queue.activity.addConsumers(1, nowMs);
    queue.counters.deliverNoAck = 10;
    queue.come(1);
    advance(60);
    expect(statistics.flowOf(queue, 60)).toMatchObject({
      utilisation: undefined,
      serviceRatePerSecond: undefined,
    });
  });

  test('that get nothing are not busy', () => {
    queue.activity.addConsumers(1, nowMs);
    advance(60);
    expect(statistics.flowOf(queue, 60).utilisation).toBe(0);
  });

  test('that hold on to one message are busy, although nothing happens', () => {
    queue.activity.addConsumers(1, nowMs);
    queue.come(1);
    queue.activity.addBusy(1, nowMs);
    advance(7200);
    expect(statistics.flowOf(queue, 60).utilisation).toBe(1);
    expect(statistics.flowOf(queue, 3600).utilisation).toBe(1);
  });
});
