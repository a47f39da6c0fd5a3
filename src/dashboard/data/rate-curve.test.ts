import { expect, test } from 'vitest';
import { rateCurve } from './rate-curve.ts';

test('A rate is what came between two samples, per second, the oldest first', () => {
  const samples = [
    { sample: 160, timestamp: 15_000 },
    { sample: 60, timestamp: 10_000 },
    { sample: 50, timestamp: 5_000 },
  ];
  expect(rateCurve({ rate: 20, samples })).toEqual({ at: [10_000, 15_000], rates: [2, 20] });
});

test('There is no curve without samples, nor of one sample', () => {
  expect(rateCurve(undefined)).toEqual({ at: [], rates: [] });
  expect(rateCurve({ rate: 1 })).toEqual({ at: [], rates: [] });
  expect(rateCurve({ rate: 1, samples: [{ sample: 3, timestamp: 5 }] })).toEqual({ at: [], rates: [] });
});

test('A counter that starts anew has no negative rate', () => {
  const samples = [
    { sample: 2, timestamp: 10_000 },
    { sample: 60, timestamp: 5_000 },
  ];
  expect(rateCurve({ rate: 0, samples }).rates).toEqual([0]);
});
