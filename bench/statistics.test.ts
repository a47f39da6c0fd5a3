import { expect, test } from 'vitest';
import { median, ratio } from './statistics.ts';

test('the median of an odd number of values is the one in the middle', () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([7])).toBe(7);
});

test('the median of an even number of values is the mean of the two in the middle', () => {
  expect(median([4, 1, 10, 2])).toBe(3);
});

test('the median leaves its input as it is and does not sort numbers as text', () => {
  const values = [100, 20, 3];
  expect(median(values)).toBe(20);
  expect(values).toEqual([100, 20, 3]);
});

test('there is no median of nothing', () => {
  expect(() => median([])).toThrow('at least one value');
});

test('a ratio needs both values and a reference that is not zero', () => {
  expect(ratio(30, 10)).toBe(3);
  expect(ratio(undefined, 10)).toBeUndefined();
  expect(ratio(30, undefined)).toBeUndefined();
  expect(ratio(30, 0)).toBeUndefined();
});
