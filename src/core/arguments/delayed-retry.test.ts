import { expect, test } from 'vitest';
import { type DelayedRetry, delayedRetryOf, retryDelayMs } from './delayed-retry.ts';

const growing: DelayedRetry = { type: 'all', minMs: 100, maxMs: 350 };

test('the delay grows by the minimum with each delivery, up to the maximum', () => {
  expect([1, 2, 3, 4, 1000].map((count) => retryDelayMs(growing, 'returned', count))).toEqual([
    100, 200, 300, 350, 350,
  ]);
  expect(retryDelayMs(growing, 'returned', 0)).toBe(100);
});

test('an exponential delay grows by its factor, up to the maximum', () => {
  const retry: DelayedRetry = { type: 'all', minMs: 100, maxMs: 2000, exponential: 3 };
  expect([1, 2, 3, 4, 5000].map((count) => retryDelayMs(retry, 'failed', count))).toEqual([
    100, 300, 900, 2000, 2000,
  ]);
});

test('only the kind of return that is configured waits', () => {
  expect(retryDelayMs({ ...growing, type: 'failed' }, 'returned', 1)).toBe(0);
  expect(retryDelayMs({ ...growing, type: 'failed' }, 'failed', 1)).toBe(100);
  expect(retryDelayMs({ ...growing, type: 'returned' }, 'failed', 1)).toBe(0);
});

test('without a type or a minimum nothing waits', () => {
  expect(delayedRetryOf({ minMs: 5 })).toBeUndefined();
  expect(delayedRetryOf({ type: 'all' })).toBeUndefined();
  expect(delayedRetryOf({ type: 'disabled', minMs: 5 })).toBeUndefined();
});

test('the maximum is the minimum unless it is given, and never below it', () => {
  expect(delayedRetryOf({ type: 'all', minMs: 5 })).toMatchObject({ minMs: 5, maxMs: 5 });
  expect(delayedRetryOf({ type: 'all', minMs: 5, maxMs: 1 })).toMatchObject({ minMs: 5, maxMs: 5 });
});
