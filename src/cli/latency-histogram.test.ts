import { expect, test } from 'vitest';
import { LatencyHistogram } from './latency-histogram.ts';

test('percentiles are within 3 percent of the truth, at every magnitude', () => {
  for (const scale of [1, 7, 1000, 123_456]) {
    const histogram = new LatencyHistogram();
    for (let value = 1; value <= 1000; value += 1) {
      histogram.record(value * scale);
    }
    for (const share of [0.5, 0.9, 0.99, 0.999]) {
      const truth = (share * 1000 * scale) / 1000;
      const found = histogram.percentileMs(share) ?? 0;
      expect(Math.abs(found - truth) / truth).toBeLessThan(0.035);
    }
  }
});

test('small values are exact', () => {
  const histogram = new LatencyHistogram();
  for (const value of [3, 3, 3, 31]) {
    histogram.record(value);
  }
  expect([histogram.percentileMs(0.5), histogram.percentileMs(1), histogram.maxMs()]).toEqual([
    0.003, 0.031, 0.031,
  ]);
});

test('the maximum is exact, and no percentile exceeds it', () => {
  const histogram = new LatencyHistogram();
  histogram.record(1_000_001);
  expect([histogram.maxMs(), histogram.percentileMs(0.5)]).toEqual([1000.001, 1000.001]);
});

test('what is negative or too long is recorded at the nearest end', () => {
  const histogram = new LatencyHistogram();
  histogram.record(-5);
  histogram.record(2 ** 40);
  expect([histogram.count, histogram.percentileMs(0.5), histogram.maxMs()]).toEqual([
    2,
    0,
    (2 ** 32 - 1) / 1000,
  ]);
});

test('nothing recorded has no percentiles', () => {
  const histogram = new LatencyHistogram();
  expect([histogram.percentileMs(0.5), histogram.maxMs()]).toEqual([undefined, undefined]);
});

test('histograms add up', () => {
  const [one, other] = [new LatencyHistogram(), new LatencyHistogram()];
  one.record(1);
  other.record(30);
  other.record(30);
  one.add(other);
  expect([one.count, one.percentileMs(0.3), one.percentileMs(0.5)]).toEqual([3, 0.001, 0.03]);
});
