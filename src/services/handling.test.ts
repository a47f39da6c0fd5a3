import { expect, test } from 'vitest';
import { batchHandling, handlerHandling, recurringHandling, sagaHandling } from './handling.ts';

const LATER_MS = [10_000, 60_000, 600_000, 3_600_000];

test('a handler without options is tried three times at once, and four times later', () => {
  expect(handlerHandling('handler', {})).toEqual({
    attemptsNow: 3,
    laterMs: LATER_MS,
    timeoutMs: 30_000,
    concurrency: 16,
    isOrdered: false,
    rate: undefined,
    batch: undefined,
  });
});

test('an ordered handler waits for less long, as its key waits with it', () => {
  const { isOrdered, laterMs } = handlerHandling('handler', { ordered: true });
  expect({ isOrdered, laterMs }).toEqual({ isOrdered: true, laterMs: [1000, 10_000, 60_000, 300_000] });
});

test('options are taken as they are', () => {
  const options = {
    ordered: true,
    concurrency: 2,
    retry: { now: 1, laterMs: [5] },
    timeoutMs: 10,
    rate: { perSecond: 0.5 },
  };
  expect(handlerHandling('handler', options)).toEqual({
    attemptsNow: 1,
    laterMs: [5],
    timeoutMs: 10,
    concurrency: 2,
    isOrdered: true,
    rate: { perSecond: 0.5, burst: 1, perKey: false },
    batch: undefined,
  });
});

test('a batch is of 100 messages, waits 50 ms, and is alone', () => {
  const { concurrency, batch } = batchHandling('batch', {});
  expect({ concurrency, batch }).toEqual({ concurrency: 1, batch: { size: 100, waitMs: 50 } });
  expect(batchHandling('batch', { size: 5, waitMs: 0, concurrency: 3 })).toMatchObject({
    concurrency: 3,
    batch: { size: 5, waitMs: 0 },
  });
});

test('recurring jobs run one at a time, messages of sagas as those of handlers', () => {
  expect(recurringHandling('job', { retry: { now: 5 } })).toMatchObject({ attemptsNow: 5, concurrency: 1 });
  expect(sagaHandling('saga', { retry: undefined, timeoutMs: 7 })).toMatchObject({
    attemptsNow: 3,
    laterMs: LATER_MS,
    timeoutMs: 7,
    concurrency: 16,
  });
});

test.each([
  [{ concurrency: 0 }, 'concurrency: found 0; allowed: a whole number from 1'],
  [{ concurrency: 1.5 }, 'concurrency: found 1.5; allowed: a whole number from 1'],
  [{ retry: { now: 0 } }, 'retry.now: found 0; allowed: a whole number from 1'],
  [
    { retry: { laterMs: [5, -1] } },
    'retry.laterMs[1]: found -1; allowed: milliseconds above 0, at most 2147483647',
  ],
  [{ timeoutMs: Number.NaN }, 'timeoutMs: found NaN; allowed: milliseconds above 0, at most 2147483647'],
  [{ rate: { perSecond: 0 } }, 'rate.perSecond: found 0; allowed: a number above 0'],
  [{ rate: { perSecond: 1, burst: 0 } }, 'rate.burst: found 0; allowed: a whole number from 1'],
])('%j is refused', (options, text) => {
  expect(() => handlerHandling("handler of 'a'", options)).toThrow(new TypeError(`handler of 'a': ${text}`));
});

test.each([
  [{ size: 0 }, 'size: found 0; allowed: a whole number from 1'],
  [{ waitMs: -1 }, 'waitMs: found -1; allowed: milliseconds above 0, at most 2147483647'],
])('%j of a batch is refused', (options, text) => {
  expect(() => batchHandling('batch', options)).toThrow(new TypeError(`batch: ${text}`));
});
