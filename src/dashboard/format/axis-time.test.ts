import { expect, test } from 'vitest';
import { format } from '../language/en/format.ts';
import { Formats } from './formats.ts';

const formats = new Formats('en', format);
const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

test('a mark of a time axis says no more than its step', () => {
  const at = new Date(2026, 2, 9, 14, 5, 30).getTime();
  expect(formats.axisTime(at, 10 * SECOND_MS)).toBe('14:05:30');
  expect(formats.axisTime(at, 2 * MINUTE_MS)).toBe('14:05');
  expect(formats.axisTime(at, 24 * HOUR_MS)).toBe('Mar 9');
});

test('midnight is a date among hours, and a time among minutes', () => {
  const midnight = new Date(2026, 2, 9).getTime();
  expect(formats.axisTime(midnight, 3 * HOUR_MS)).toBe('Mar 9');
  expect(formats.axisTime(midnight, 5 * MINUTE_MS)).toBe('00:00');
});
