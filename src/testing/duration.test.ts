import { expect, test } from 'vitest';
import { durationMs } from './duration.ts';

test.each([
  [0, 0],
  [1500, 1500],
  ['250ms', 250],
  ['10s', 10_000],
  ['10m', 600_000],
  ['2h', 7_200_000],
  ['1.5h', 5_400_000],
  ['1d', 86_400_000],
  ['0s', 0],
])('%s is %d ms', (duration, expected) => {
  expect(durationMs(duration)).toBe(expected);
});

test.each(['', '10', 'm', '-5s', '1w', '10 minutes', '1e3s', -1, Number.NaN, Number.POSITIVE_INFINITY])(
  '%s is refused with what is allowed',
  (duration) => {
    expect(() => durationMs(duration)).toThrow(`'${duration}' is not a duration; allowed: milliseconds`);
  },
);
