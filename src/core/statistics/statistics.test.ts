import { beforeEach, describe, expect, test } from 'vitest';
import { Deadlines } from '../deadlines.ts';
import { CounterActivity } from './counter-activity.ts';
import { MessageCounters } from './message-counters.ts';
import { Statistics } from './statistics.ts';

const NEVER = Number.POSITIVE_INFINITY;
const TICK_MS = 5000;
const HOUR = 3_600_000;
const START_MS = 1_000_000;

let nowMs: number;
let deadlines: Deadlines;
let statistics: Statistics;
/** How many objects were read. */
let reads: number;

beforeEach(() => {
  nowMs = START_MS;
  deadlines = new Deadlines();
  statistics = new Statistics({ deadlines, now: () => nowMs, wallMsOf: (coreMs) => coreMs });
  reads = 0;
});

class Counted extends CounterActivity {
  override read(row: Float64Array): void {
    reads++;
    super.read(row);
  }
}

/** Something with a counter. */
function counted(): { activity: Counted; count: (messages: number) => void } {
  const counters = new MessageCounters();
  const activity = new Counted(statistics, counters);
  const count = (messages: number): void => {
    counters.publish += messages;
    activity.touch();
  };
  return { activity, count };
}

/** Runs what falls due up to `ms` after the start. */
function runTo(ms: number): void {
  while (deadlines.nextMs <= START_MS + ms) {
    nowMs = Math.max(nowMs, deadlines.nextMs);
    deadlines.runDue(nowMs, 1024);
  }
  nowMs = START_MS + ms;
}

test('what nothing happens to has no series', () => {
  const { activity } = counted();
  runTo(60_000);
  expect(statistics.of({ activity })).toBeUndefined();
  expect(deadlines.nextMs).toBe(NEVER);
});

test('what happens is in the next sample', () => {
  const { activity, count } = counted();
  nowMs += 1234;
  count(50);
  runTo(TICK_MS);
  expect(statistics.of({ activity })?.rateOf('publish')).toBe(10);
  runTo(2 * TICK_MS);
  expect(statistics.of({ activity })?.rateOf('publish')).toBe(0);
});

test('sampling stops when nothing happens any more, and goes on with the next thing that does', () => {
  const { activity, count } = counted();
  count(1);
  runTo(2 * TICK_MS);
  expect([activity.isAwake, reads]).toEqual([false, 2]);
  expect(deadlines.nextMs).toBeGreaterThan(nowMs + HOUR - 3 * TICK_MS);
  runTo(600_000);
  expect(reads).toBe(2);
  count(5);
  runTo(605_000);
  expect([activity.series?.rateOf('publish'), reads]).toEqual([1, 3]);
});

test('an object that has been quiet for longer than it looks back keeps its last numbers only', () => {
  const { activity, count } = counted();
  count(7);
  runTo(2 * TICK_MS);
  expect(activity.series?.memoryBytes).toBeGreaterThan(0);
  runTo(2 * HOUR);
  expect([activity.series?.memoryBytes, deadlines.nextMs]).toEqual([0, NEVER]);
  expect(activity.series?.samplesOf('publish', 0, 5)[0]?.value).toBe(7);
  count(5);
  runTo(2 * HOUR + TICK_MS);
  expect(activity.series?.rateOf('publish')).toBe(1);
});

test('many objects are sampled a bounded number at a time', () => {
  const all = Array.from({ length: 10_000 }, counted);
  for (const { count } of all) count(5);
  nowMs = START_MS + TICK_MS;
  let rounds = 0;
  while (deadlines.nextMs <= nowMs) {
    const before = reads;
    deadlines.runDue(nowMs, 1024);
    expect(reads - before).toBeLessThanOrEqual(512);
    rounds++;
  }
  expect([rounds, reads]).toEqual([20, 10_000]);
  for (const { activity } of all) expect(activity.series?.rateOf('publish')).toBe(1);
});

test('what wakes up during a pass over many is in it, and loses nothing', () => {
  const all = Array.from({ length: 1000 }, counted);
  for (const { count } of all) count(5);
  const late = counted();
  nowMs = START_MS + TICK_MS;
  deadlines.runDue(nowMs, 1024);
  late.count(10);
  (all[0] as ReturnType<typeof counted>).count(15);
  runTo(TICK_MS);
  runTo(2 * TICK_MS);
  expect(late.activity.series?.rateOf('publish')).toBe(2);
  expect(all[0]?.activity.series?.rateOf('publish')).toBe(3);
});

test('what an object is a part of is sampled with it', () => {
  const [part, whole, broker] = [counted(), counted(), counted()];
  part.activity.parent = whole.activity;
  whole.activity.parent = broker.activity;
  part.count(1);
  expect([whole.activity.isAwake, broker.activity.isAwake]).toEqual([true, true]);
  runTo(3 * TICK_MS);
  expect([part.activity.isAwake, whole.activity.isAwake, broker.activity.isAwake]).toEqual([
    false,
    false,
    false,
  ]);
});

describe('what is gone', () => {
  test('has no series, and is looked at for the last time', () => {
    const { activity, count } = counted();
    count(1);
    activity.end();
    count(1);
    activity.end();
    runTo(TICK_MS);
    expect([activity.series, reads]).toEqual([undefined, 1]);
  });

  test('is not waited for when it was quiet', () => {
    const { activity, count } = counted();
    count(1);
    runTo(2 * TICK_MS);
    activity.end();
    runTo(3 * HOUR);
    expect(deadlines.nextMs).toBe(NEVER);
  });
});

test('idle since: the end of the last interval in which anything happened; before that, since it is there', () => {
  const { activity, count } = counted();
  nowMs += 3000;
  expect(activity.idleSinceMs).toBe(START_MS);
  count(1);
  expect(activity.idleSinceMs).toBeUndefined();
  runTo(60_000);
  expect(activity.idleSinceMs).toBe(START_MS + 2 * TICK_MS);
});

test('switched off, nothing is sampled', () => {
  statistics.switchOff();
  const { activity, count } = counted();
  count(1);
  runTo(60_000);
  expect([activity.series, reads, deadlines.nextMs]).toEqual([undefined, 0, NEVER]);
});
