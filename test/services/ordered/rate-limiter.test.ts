import { beforeEach, expect, test } from 'vitest';
import { RateLimiter } from '../../../src/services/runtime/rate/rate-limiter.ts';
import { ManualTime } from './manual-time.ts';

let time: ManualTime;

beforeEach(() => {
  time = new ManualTime();
});

/** When each of so many messages that come at once may be handled, in milliseconds from now. */
async function timesOf(limiter: RateLimiter, keys: readonly string[]): Promise<number[]> {
  const startMs = time.nowMs;
  const times: number[] = [];
  const all = keys.map(async (key, index) => {
    await limiter.ready(key);
    times[index] = time.nowMs - startMs;
  });
  await Promise.resolve();
  await time.advance(60_000);
  await Promise.all(all);
  return times;
}

test('messages are let through at the rate, in their order', async () => {
  const limiter = new RateLimiter({ perSecond: 10 }, time.timers);
  expect(await timesOf(limiter, ['', '', '', ''])).toEqual([0, 100, 200, 300]);
});

test('a burst is let through at once, and is there again after a pause', async () => {
  const limiter = new RateLimiter({ perSecond: 10, burst: 3 }, time.timers);
  expect(await timesOf(limiter, Array(5).fill(''))).toEqual([0, 0, 0, 100, 200]);
  expect(await timesOf(limiter, Array(4).fill(''))).toEqual([0, 0, 0, 100]);
});

test('a burst comes back one by one', async () => {
  const limiter = new RateLimiter({ perSecond: 10, burst: 2 }, time.timers);
  expect(limiter.ready('')).toBeUndefined();
  expect(limiter.ready('')).toBeUndefined();
  await time.advance(100);
  expect(limiter.ready('')).toBeUndefined();
  const waiting = limiter.ready('');
  expect(waiting).toBeInstanceOf(Promise);
  await time.advance(100);
  await waiting;
});

test('each key has the limit for itself where it is per key, and only there', async () => {
  const perKey = new RateLimiter({ perSecond: 10, perKey: true }, time.timers);
  expect(await timesOf(perKey, ['a', 'a', 'b', 'b'])).toEqual([0, 100, 0, 100]);
  const together = new RateLimiter({ perSecond: 10 }, time.timers);
  expect(await timesOf(together, ['a', 'a', 'b', 'b'])).toEqual([0, 100, 200, 300]);
});

test('keys are forgotten when their buckets are full again', async () => {
  const limiter = new RateLimiter({ perSecond: 10, perKey: true }, time.timers);
  for (let key = 0; key < 20_000; key += 1) {
    void limiter.ready(`key-${key}`);
    if (key % 100 === 0) await time.advance(100);
  }
  expect(limiter.bucketCount).toBeLessThan(2_048);
});

test('a key that is in use is not forgotten among many others', () => {
  const limiter = new RateLimiter({ perSecond: 1, perKey: true }, time.timers);
  expect(limiter.ready('held')).toBeUndefined();
  for (let key = 0; key < 5_000; key += 1) void limiter.ready(`key-${key}`);
  expect(limiter.ready('held')).toBeInstanceOf(Promise);
});

test('waiting ends with the signal', async () => {
  const limiter = new RateLimiter({ perSecond: 1 }, time.timers);
  const stopping = new AbortController();
  void limiter.ready('');
  const waiting = limiter.ready('', stopping.signal);
  stopping.abort(new Error('the service stops'));
  await expect(waiting).rejects.toThrow('the service stops');
});
