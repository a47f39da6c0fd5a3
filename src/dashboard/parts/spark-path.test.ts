import { expect, test } from 'vitest';
import { sparkPath } from './spark-path.ts';

test('the highest value is at the top, and 0 at the bottom', () => {
  expect(sparkPath([0, 10], 96, 24)).toBe('M0.0 22.0L96.0 2.0');
});

test('what is not known is a gap', () => {
  expect(sparkPath([10, null, 10, 10], 90, 24)).toBe('M0.0 2.0M60.0 2.0L90.0 2.0');
});

test('nothing but zeros is a line at the bottom', () => {
  expect(sparkPath([0, 0], 96, 24)).toBe('M0.0 22.0L96.0 22.0');
});
