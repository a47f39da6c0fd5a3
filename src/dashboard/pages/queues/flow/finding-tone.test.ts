import { expect, test } from 'vitest';
import type { QueueFlow } from '../../../data/flow.ts';
import { findingTone, isTaken } from './finding-tone.ts';

function flowWith(consumers: number, rateOut: number, messages = 5): QueueFlow {
  return { messages, consumers, windows: [{ rate_out_per_second: rateOut }] } as unknown as QueueFlow;
}

test('a queue is taken from when it has consumers and messages leave', () => {
  expect(isTaken(flowWith(2, 10))).toBe(true);
  expect(isTaken(flowWith(2, 0))).toBe(false);
  expect(isTaken(flowWith(0, 10))).toBe(false);
});

const taken = flowWith(2, 10);
const left = flowWith(2, 0);

test('full consumers are bad only when nothing leaves', () => {
  expect(findingTone('prefetch_full', taken)).toBe('warn');
  expect(findingTone('prefetch_full', left)).toBe('bad');
});

test('messages that consumers work on are no fault, and those that nobody settles are', () => {
  expect(findingTone('all_unacked', taken)).toBe('good');
  expect(findingTone('all_unacked', left)).toBe('bad');
});

test('what somebody has to end is bad in any case', () => {
  expect(findingTone('paused', taken)).toBe('bad');
  expect(findingTone('no_consumer', left)).toBe('bad');
});

test('a queue that is empty or delivers is fine', () => {
  expect(findingTone('empty', left)).toBe('good');
  expect(findingTone('delivering', taken)).toBe('good');
});

test('a missing consumer of an empty queue is not urgent', () => {
  expect(findingTone('no_consumer', flowWith(0, 0, 0))).toBe('warn');
  expect(findingTone('no_consumer', flowWith(0, 0, 1))).toBe('bad');
});
