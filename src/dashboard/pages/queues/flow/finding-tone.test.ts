import { expect, test } from 'vitest';
import type { QueueFlow } from '../../../data/flow.ts';
import { findingTone, isTaken } from './finding-tone.ts';

function flowWith(consumers: number, rateOut: number): QueueFlow {
  return { consumers, windows: [{ rate_out_per_second: rateOut }] } as unknown as QueueFlow;
}

test('a queue is taken from when it has consumers and messages leave', () => {
  expect(isTaken(flowWith(2, 10))).toBe(true);
  expect(isTaken(flowWith(2, 0))).toBe(false);
  expect(isTaken(flowWith(0, 10))).toBe(false);
});

test('full consumers are bad only when nothing leaves', () => {
  expect(findingTone('prefetch_full', true)).toBe('warn');
  expect(findingTone('prefetch_full', false)).toBe('bad');
});

test('messages that consumers work on are no fault, and those that nobody settles are', () => {
  expect(findingTone('all_unacked', true)).toBe('good');
  expect(findingTone('all_unacked', false)).toBe('bad');
});

test('what somebody has to end is bad in any case', () => {
  expect(findingTone('paused', true)).toBe('bad');
  expect(findingTone('no_consumer', false)).toBe('bad');
});

test('a queue that is empty or delivers is fine', () => {
  expect(findingTone('empty', false)).toBe('good');
  expect(findingTone('delivering', true)).toBe('good');
});
