import { expect, test } from 'vitest';
import { durationText } from './duration-text.ts';

test.each([
  [-1, '0 ms'],
  [0, '0 ms'],
  [999, '999 ms'],
  [1000, '1 second'],
  [59_999, '59 seconds'],
  [180_000, '3 minutes'],
  [7_200_000, '2 hours'],
  [86_400_000, '1 day'],
])('%d ms are %s', (ms, text) => {
  expect(durationText(ms)).toBe(text);
});
