import { expect, test } from 'vitest';
import { DelayRecorder } from './delay-recorder.ts';
import { HOST_RETENTION, QUEUE_RETENTION } from './series.ts';

const MINUTE = 60_000;
const HOUR = 3_600_000;

function countOf(recorder: DelayRecorder, windowSeconds: number, nowMs: number): number {
  return recorder.measured(windowSeconds, nowMs)?.histogram.count ?? 0;
}

test('what is measured counts for at least a window, and at most two', () => {
  for (const windowSeconds of [60, 600, 3600]) {
    for (let addedMs = 0; addedMs < 2 * HOUR; addedMs += 7 * MINUTE) {
      const recorder = new DelayRecorder(0, QUEUE_RETENTION);
      recorder.add(10, 1, addedMs);
      const windowMs = windowSeconds * 1000;
      for (let ageMs = 0; ageMs <= windowMs; ageMs += windowMs / 4)
        expect(countOf(recorder, windowSeconds, addedMs + ageMs)).toBe(1);
      // The levels above get it a little later than it came.
      const slackMs = windowSeconds === 60 ? 0 : windowSeconds === 600 ? MINUTE : 11 * MINUTE;
      expect(countOf(recorder, windowSeconds, addedMs + 2 * windowMs + slackMs)).toBe(0);
    }
  }
});

test('a flow that goes on is counted for each window', () => {
  const recorder = new DelayRecorder(0, QUEUE_RETENTION);
  for (let nowMs = 0; nowMs < 3 * HOUR; nowMs += 1000) recorder.add(10, 1, nowMs);
  for (const windowSeconds of [60, 600, 3600]) {
    const count = countOf(recorder, windowSeconds, 3 * HOUR - 1);
    expect(count).toBeGreaterThanOrEqual(windowSeconds);
    expect(count).toBeLessThanOrEqual(2 * windowSeconds + 700);
  }
});

test('a day is looked back on for as long as the longest window', () => {
  const recorder = new DelayRecorder(0, QUEUE_RETENTION);
  recorder.add(10, 1, 0);
  expect(recorder.measured(86_400, 1)?.windowSeconds).toBe(3600);
});

test('whatever a queue measures its vhost has measured, too', () => {
  const vhost = new DelayRecorder(0, QUEUE_RETENTION);
  const queues = [new DelayRecorder(0, QUEUE_RETENTION, vhost), new DelayRecorder(0, QUEUE_RETENTION, vhost)];
  for (const queue of queues) queue.add(10, 3, 5);
  expect(countOf(vhost, 60, 10)).toBe(6);
});

test('what is part of nothing else keeps all that was ever measured, also of its parts', () => {
  const whole = new DelayRecorder(0, QUEUE_RETENTION);
  const part = new DelayRecorder(0, QUEUE_RETENTION, whole);
  part.add(5, 1, 0);
  part.add(5, 1, 10 * 3_600_000);
  expect(whole.ever?.count).toBe(2);
  expect(part.ever).toBeUndefined();
});

const MINUTES = 1;
const COARSE = 2;

test('each step of the rings has the percentiles of just the messages that were settled in it', () => {
  for (const [retention, coarseMs] of [
    [QUEUE_RETENTION, 30 * MINUTE],
    [HOST_RETENTION, 10 * MINUTE],
  ] as const) {
    const recorder = new DelayRecorder(0, retention);
    // a message a second, which takes as many times 10 ms as minutes have gone
    const endMs = 3 * HOUR;
    for (let nowMs = 0; nowMs < endMs; nowMs += 1000) recorder.add(Math.floor(nowMs / MINUTE) * 10, 1, nowMs);
    const ticks = endMs / 5000;
    for (const back of [1, 2, 12]) {
      const minute = Math.floor(((ticks - back) * 5000) / MINUTE);
      expectNear(recorder.stepAt(0, ticks - back, endMs)?.p95Ms, minute * 10);
    }
    for (const back of [1, 2, 60])
      expectNear(recorder.stepAt(MINUTES, 180 - back, endMs)?.p50Ms, (180 - back) * 10);
    const coarse = endMs / coarseMs;
    for (let step = coarse - 1; step >= 0; step--)
      expectNear(recorder.stepAt(COARSE, step, endMs)?.p50Ms, ((step + 0.5) * coarseMs * 10) / MINUTE);
    expect(recorder.stepAt(0, ticks, endMs)).toBeUndefined();
  }
});

function expectNear(found: number | undefined, expected: number): void {
  expect(found).toBeGreaterThan(expected * 0.9 - 10);
  expect(found).toBeLessThan(expected * 1.1 + 10);
}

test('steps without a message have none, however long that was, and what is too long ago has gone', () => {
  const recorder = new DelayRecorder(0, QUEUE_RETENTION);
  recorder.add(10, 1, 2000);
  expect(recorder.stepAt(0, 0, 4999)).toBeUndefined();
  expect(recorder.stepAt(0, 0, 5000)).toEqual({ p50Ms: 10, p95Ms: 10, p99Ms: 10 });
  recorder.add(20, 1, 12_000);
  expect([0, 1, 2].map((step) => recorder.stepAt(0, step, 15_000)?.p50Ms)).toEqual([10, undefined, 20]);
  recorder.add(30, 1, 10 * HOUR);
  const now = 10 * HOUR + 5000;
  expect([7188, 7199, 7200].map((step) => recorder.stepAt(0, step, now)?.p50Ms)).toEqual([
    undefined,
    undefined,
    30,
  ]);
  expect(recorder.stepAt(MINUTES, 0, now)?.p50Ms).toBe(10);
  recorder.add(30, 1, 10 * HOUR + MINUTE);
  expect(recorder.stepAt(MINUTES, 0, 10 * HOUR + 2 * MINUTE)).toBeUndefined();
  expect(recorder.stepAt(COARSE, 0, 10 * HOUR + 2 * MINUTE)?.p99Ms).toBe(20);
});

test('what takes milliseconds takes less than 5 KB, with all that is kept of the past', () => {
  const recorder = new DelayRecorder(0, QUEUE_RETENTION);
  for (let nowMs = 0; nowMs < 30 * HOUR; nowMs += 2500) recorder.add(nowMs % 60, 1, nowMs);
  expect(recorder.memoryBytes).toBeLessThan(5000);
});
