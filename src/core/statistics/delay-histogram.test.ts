import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DelayHistogram } from './delay-histogram.ts';

const durations = fc.array(
  fc.oneof(
    fc.integer({ min: 0, max: 100 }),
    fc.integer({ min: 0, max: 100_000 }),
    fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  ),
  { minLength: 1, maxLength: 200 },
);

test('a percentile is within 4 % of the value that it stands for', () => {
  fc.assert(
    fc.property(durations, fc.double({ min: 0.01, max: 1, noNaN: true }), (values, share) => {
      const histogram = new DelayHistogram();
      for (const value of values) histogram.add(value, 1);
      const sorted = values.toSorted((a, b) => a - b);
      const exact = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] as number;
      const found = histogram.percentile(share) as number;
      expect(Math.abs(found - exact)).toBeLessThanOrEqual(0.04 * exact);
    }),
    { numRuns: 1000 },
  );
});

test('the mean is exact', () => {
  fc.assert(
    fc.property(durations, (values) => {
      const histogram = new DelayHistogram();
      for (const value of values) histogram.add(value, 1);
      expect(histogram.meanMs).toBeCloseTo(values.reduce((sum, value) => sum + value, 0) / values.length, 3);
    }),
  );
});

test('a weight is as good as as many values, and two histograms as one', () => {
  fc.assert(
    fc.property(durations, durations, fc.integer({ min: 1, max: 20 }), (first, second, weight) => {
      const [a, b, whole] = [new DelayHistogram(), new DelayHistogram(), new DelayHistogram()];
      for (const value of first) a.add(value, weight);
      for (const value of second) b.add(value, 1);
      for (const value of first) for (let copy = 0; copy < weight; copy++) whole.add(value, 1);
      for (const value of second) whole.add(value, 1);
      a.addAll(b);
      expect(a.count).toBe(whole.count);
      for (const share of [0.5, 0.95, 0.99]) expect(a.percentile(share)).toBe(whole.percentile(share));
    }),
  );
});

test('an empty one has no percentile, and what is cleared is empty', () => {
  const histogram = new DelayHistogram();
  expect([histogram.percentile(0.5), histogram.meanMs]).toEqual([undefined, undefined]);
  histogram.add(5, 1);
  histogram.clear();
  expect([histogram.percentile(0.5), histogram.meanMs]).toEqual([undefined, undefined]);
});

test('a clock that went back and a time beyond 49 days do no harm', () => {
  const histogram = new DelayHistogram();
  histogram.add(-5, 1);
  expect(histogram.percentile(1)).toBe(0);
  histogram.add(1e15, 1);
  expect(histogram.percentile(1)).toBeGreaterThan(4.1e9);
});

test('short times take little memory', () => {
  const histogram = new DelayHistogram();
  histogram.add(60, 1);
  expect(histogram.memoryBytes).toBe(512);
});

test('it says how many took no longer than a time, also of all that was ever measured', () => {
  const histogram = new DelayHistogram();
  for (const ms of [0, 5, 10, 10, 1000]) histogram.add(ms, 2);
  expect([-1, 0, 5, 9, 10, 999_999].map((bound) => histogram.countUpTo(bound))).toEqual([0, 2, 4, 4, 8, 10]);
});
