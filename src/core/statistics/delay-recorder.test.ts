import { expect, test } from 'vitest';
import { DelayRecorder } from './delay-recorder.ts';

const MINUTE = 60_000;
const HOUR = 3_600_000;

function countOf(recorder: DelayRecorder, windowSeconds: number, nowMs: number): number {
  return recorder.measured(windowSeconds, nowMs)?.histogram.count ?? 0;
}

test('what is measured counts for at least a window, and at most two', () => {
  for (const windowSeconds of [60, 600, 3600]) {
    for (let addedMs = 0; addedMs < 2 * HOUR; addedMs += 7 * MINUTE) {
      const recorder = new DelayRecorder(0);
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
  const recorder = new DelayRecorder(0);
  for (let nowMs = 0; nowMs < 3 * HOUR; nowMs += 1000) recorder.add(10, 1, nowMs);
  for (const windowSeconds of [60, 600, 3600]) {
    const count = countOf(recorder, windowSeconds, 3 * HOUR - 1);
    expect(count).toBeGreaterThanOrEqual(windowSeconds);
    expect(count).toBeLessThanOrEqual(2 * windowSeconds + 700);
  }
});

test('a day is looked back on for as long as the longest window', () => {
  const recorder = new DelayRecorder(0);
  recorder.add(10, 1, 0);
  expect(recorder.measured(86_400, 1)?.windowSeconds).toBe(3600);
});

test('whatever a queue measures its vhost has measured, too', () => {
  const vhost = new DelayRecorder(0);
  const queues = [new DelayRecorder(0, vhost), new DelayRecorder(0, vhost)];
  for (const queue of queues) queue.add(10, 3, 5);
  expect(countOf(vhost, 60, 10)).toBe(6);
});

test('what is part of nothing else keeps all that was ever measured, also of its parts', () => {
  const whole = new DelayRecorder(0);
  const part = new DelayRecorder(0, whole);
  part.add(5, 1, 0);
  part.add(5, 1, 10 * 3_600_000);
  expect(whole.ever?.count).toBe(2);
  expect(part.ever).toBeUndefined();
});
