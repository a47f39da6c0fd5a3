import { expect, test } from 'vitest';
import { percentOfCore } from './many-connections.ts';

test('processor time is a share of one core, and none without both readings', () => {
  expect(percentOfCore(1, 1.05, 10)).toBeCloseTo(0.5);
  expect(percentOfCore(undefined, 1, 10)).toBeNaN();
  expect(percentOfCore(1, undefined, 10)).toBeNaN();
});
