import { beforeEach, describe, expect, test } from 'vitest';
import { Deadlines } from '../deadlines.ts';
import { HostActivity, QueueActivity } from './flow-activity.ts';
import type { FlowSeries, StepFlow } from './flow-series.ts';
import { MessageCounters } from './message-counters.ts';
import { Statistics } from './statistics.ts';
import { type CountedQueue, Totals } from './totals.ts';

/** A multiple of a day, at which all rings have a row. */
const START_MS = 10 * 86_400_000;
const WALL_MS = 1_000_000_000_000;

let nowMs: number;
let deadlines: Deadlines;
let statistics: Statistics;
let host: { readonly activity: HostActivity };
let queue: TestQueue;

class TestQueue implements CountedQueue {
  readonly counters = new MessageCounters();
  readonly activity: QueueActivity;
  readonly restoredCount: number;
  readyCount: number;
  unackedCount = 0;
  enqueuedCount: number;
  consumerCount = 0;

  constructor(restoredCount = 0) {
    this.restoredCount = restoredCount;
    this.enqueuedCount = restoredCount;
    this.readyCount = restoredCount;
    this.activity = new QueueActivity(statistics, this);
    this.activity.parent = host.activity;
  }

  get messageCount(): number {
    return this.readyCount + this.unackedCount;
  }

  come(count: number): void {
    this.enqueuedCount += count;
    this.readyCount += count;
    this.activity.touch();
  }

  /** Each took `ageMs`. */
  go(count: number, ageMs = 0): void {
    this.readyCount -= count;
    this.counters.ack += count;
    this.activity.touch();
    for (let index = 0; index < count; index++) this.activity.measure(nowMs - ageMs, nowMs);
  }
}

beforeEach(() => {
  nowMs = START_MS;
  deadlines = new Deadlines();
  statistics = new Statistics({ deadlines, now: () => nowMs, wallMsOf: (coreMs) => WALL_MS + coreMs });
  const totals = (): Totals => {
    const sum = new Totals();
    sum.addQueue(queue);
    return sum;
  };
  host = { activity: new HostActivity(statistics, { totals }, 1) };
  queue = new TestQueue();
});

function advanceTo(endMs: number): void {
  while (deadlines.nextMs <= endMs) {
    nowMs = Math.max(nowMs, deadlines.nextMs);
    deadlines.runDue(nowMs, 1024);
  }
  nowMs = endMs;
}

/** Each second so many come and go; `age` in ms by the second. */
function flow(seconds: number, come: number, go: number, age: (second: number) => number = () => 0): void {
  for (let second = 0; second < seconds; second++) {
    queue.come(come);
    queue.go(go, age(second));
    advanceTo(nowMs + 1000);
  }
}

function flowsOf({ points }: FlowSeries): (StepFlow | undefined)[] {
  return points.map((point) => point.flow);
}

describe('a minute', () => {
  test('has a point each 5 s, with what came, went and was there', () => {
    flow(30, 10, 4, () => 250);
    flow(30, 2, 6, () => 1000);
    const series = statistics.flowSeriesOf(queue, 60);
    expect(series).toMatchObject({ windowSeconds: 60, stepSeconds: 5 });
    expect(series.points.map(({ atMs }) => atMs - WALL_MS - START_MS)).toEqual([
      5000, 10_000, 15_000, 20_000, 25_000, 30_000, 35_000, 40_000, 45_000, 50_000, 55_000, 60_000,
    ]);
    const flows = flowsOf(series);
    expect(flows[1]).toEqual({
      ratePerSecondIn: 10,
      ratePerSecondOut: 4,
      messageCount: 60,
      readyCount: 60,
      unackedCount: 0,
      delayMs: 15_000,
      measured: expect.objectContaining({ p50Ms: expect.closeTo(250, -1) }),
    });
    expect(flows[11]).toMatchObject({ ratePerSecondIn: 2, ratePerSecondOut: 6, messageCount: 60 });
    expect(flows[11]?.measured?.p99Ms).toBeCloseTo(1000, -2);
  });

  test('begins where the object does', () => {
    flow(15, 10, 0);
    const flows = flowsOf(statistics.flowSeriesOf(queue, 60));
    expect(flows.map((each) => each?.messageCount)).toEqual([...Array(9).fill(undefined), 50, 100, 150]);
    expect(flows[9]).toMatchObject({ ratePerSecondIn: 10, delayMs: undefined, measured: undefined });
  });

  test('does not take the rest of the step in which an object came for all of it', () => {
    advanceTo(nowMs + 3000);
    queue = new TestQueue();
    flow(2, 10, 0);
    expect(flowsOf(statistics.flowSeriesOf(queue, 60)).at(-1)).toMatchObject({ ratePerSecondIn: 10 });
  });

  test('of which nothing happened is as it was, with what a restart left', () => {
    queue = new TestQueue(7);
    advanceTo(nowMs + 20_000);
    const flows = flowsOf(statistics.flowSeriesOf(queue, 60));
    expect(flows.map((each) => each?.messageCount)).toEqual([...Array(8).fill(undefined), 7, 7, 7, 7]);
    queue.go(7, 100);
    advanceTo(nowMs + 600_000);
    expect(flowsOf(statistics.flowSeriesOf(queue, 60))).toEqual(
      Array(12).fill(expect.objectContaining({ messageCount: 0, ratePerSecondOut: 0, delayMs: undefined })),
    );
  });

  test('has nothing to say when nothing is counted', () => {
    statistics.switchOff();
    flow(60, 1, 1);
    expect(flowsOf(statistics.flowSeriesOf(queue, 60))).toEqual(Array(12).fill(undefined));
  });
});

describe('a longer window', () => {
  const HOURS = 26;

  /** In minute m there come m a minute, and all go at once, having taken m ms. */
  function ramp(): void {
    const begin = nowMs;
    for (let minute = 0; minute < HOURS * 60; minute++) {
      queue.come(minute);
      queue.go(minute, minute);
      advanceTo(begin + (minute + 1) * 60_000);
    }
  }

  test.each([
    ['queue', 600, 60, 10],
    ['queue', 3600, 60, 60],
    ['queue', 86_400, 1800, 48],
    ['host', 600, 5, 120],
    ['host', 3600, 60, 60],
    ['host', 86_400, 600, 144],
  ])('of a %s, %i s, has a point each %i s, %i of them', (of, windowSeconds, stepSeconds, count) => {
    ramp();
    const series = statistics.flowSeriesOf(of === 'queue' ? queue : host, windowSeconds);
    expect(series.stepSeconds).toBe(stepSeconds);
    expect(series.points).toHaveLength(count);
    for (const { atMs, flow: found } of series.points) {
      const end = (atMs - WALL_MS - START_MS) / 60_000;
      const minutes = Array.from({ length: HOURS * 60 }, (_, minute) => minute).filter(
        (minute) => minute >= end - stepSeconds / 60 && minute < end,
      );
      const came = minutes.reduce((sum, minute) => sum + minute, 0);
      expect(found?.ratePerSecondIn).toBeCloseTo(came / stepSeconds, 6);
      expect(found?.ratePerSecondOut).toBeCloseTo(came / stepSeconds, 6);
      if (minutes.length === 0) expect(found?.measured).toBeUndefined();
      else expect(within(found?.measured?.p99Ms, minutes)).toBe(true);
    }
  });

  function within(found = Number.NaN, minutes: readonly number[]): boolean {
    return found >= Math.min(...minutes) * 0.95 && found <= Math.max(...minutes) * 1.05;
  }

  test('goes on to the newest tick behind its last row', () => {
    ramp();
    flow(20, 3, 1);
    const series = statistics.flowSeriesOf(queue, 3600);
    expect(series.points).toHaveLength(61);
    const { atMs, flow: found } = series.points.at(-1) ?? { atMs: 0, flow: undefined };
    expect(atMs - WALL_MS).toBe(nowMs);
    expect(found).toMatchObject({ ratePerSecondIn: 3, messageCount: 40, measured: undefined });
  });
});
