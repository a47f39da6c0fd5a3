import { expect, test } from 'vitest';
import { backoffMs } from './backoff.ts';

test('the longest wait doubles up to its limit, and each wait is anything below it', () => {
  const longest = [1, 2, 3, 4, 5, 1_000].map((attempt) =>
    backoffMs(attempt, { minDelayMs: 100, maxDelayMs: 1_000 }, () => 1),
  );
  expect(longest).toEqual([100, 200, 400, 800, 1_000, 1_000]);
  expect(backoffMs(3, {}, () => 0)).toBe(0);
  expect(backoffMs(3, {}, () => 0.5)).toBe(200);
  expect(backoffMs(1_000, {}, () => 1)).toBe(30_000);
});
