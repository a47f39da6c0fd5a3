import { expect, test } from 'vitest';
import { lonelyPoints, newestOf, stepsOf } from './chart-steps.ts';

test('steps grow, and those of whole numbers have no fraction', () => {
  for (const kind of ['number', 'whole', 'duration'] as const) {
    const steps = stepsOf(kind);
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
    expect(new Set(steps).size).toBe(steps.length);
  }
  expect(stepsOf('whole').every(Number.isInteger)).toBe(true);
  expect(stepsOf('number')).toContain(0.05);
});

test('times are divided by seconds, minutes, hours and days', () => {
  const steps = stepsOf('duration');
  expect(steps).toEqual(expect.arrayContaining([500, 30_000, 60_000, 7_200_000, 86_400_000]));
  expect(steps).not.toContain(100_000);
});

test('a point between unknown ones is lonely', () => {
  expect(lonelyPoints([1, null, 2, null, 3, 4, null])).toEqual([0, 2]);
  expect(lonelyPoints([null, undefined, 5])).toEqual([2]);
  expect(lonelyPoints([1, 2, 3])).toEqual([]);
});

test('the newest value is the one before when the last step is not over', () => {
  expect(newestOf([1, 2, 3])).toBe(3);
  expect(newestOf([1, 2, null])).toBe(2);
  expect(newestOf([1, null, null])).toBeNull();
  expect(newestOf([])).toBeNull();
  expect(newestOf([1, 0])).toBe(0);
});
