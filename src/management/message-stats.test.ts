import { expect, test } from 'vitest';
import { MessageCounters } from '../core/statistics/message-counters.ts';
import { details, EXCHANGE_STATS, messageStats, type RecentPast, sumOfSeries } from './message-stats.ts';

/** Grows by `step` every 5 s. */
function growing(step: number): RecentPast {
  return {
    rateOf: () => step / 5,
    samplesOf: (_name, ageSeconds, incrementSeconds) =>
      Array.from({ length: ageSeconds / incrementSeconds + 1 }, (_, index) => ({
        timestampMs: 100_000 - index * incrementSeconds * 1000,
        value: 100 - index * step,
      })),
  };
}

test('nothing is shown while nothing was counted', () => {
  expect(messageStats(EXCHANGE_STATS, new MessageCounters(), undefined, undefined)).toBeUndefined();
});

test('each counter has its rate beside it', () => {
  const counters = new MessageCounters();
  counters.publishIn = 7;
  expect(messageStats(EXCHANGE_STATS, counters, growing(10), undefined)).toEqual({
    publish_in: 7,
    publish_in_details: { rate: 2 },
    publish_out: 0,
    publish_out_details: { rate: 2 },
  });
});

test('a range adds samples, newest first, with their mean and the rate over all of them', () => {
  expect(details(growing(10), 'publish', { ageSeconds: 10, incrementSeconds: 5 })).toEqual({
    rate: 2,
    samples: [
      { sample: 100, timestamp: 100_000 },
      { sample: 90, timestamp: 95_000 },
      { sample: 80, timestamp: 90_000 },
    ],
    avg_rate: 2,
    avg: 90,
  });
});

test('one sample has no mean, and what nothing happened to has no sample', () => {
  const range = { ageSeconds: 4, incrementSeconds: 5 };
  expect(details(undefined, 'publish', range)).toEqual({ rate: 0, samples: [] });
  const one: RecentPast = { rateOf: () => 0, samplesOf: () => [{ timestampMs: 1, value: 1 }] };
  expect(details(one, 'publish', range)).toEqual({ rate: 0, samples: [{ sample: 1, timestamp: 1 }] });
});

test('several series add up', () => {
  const sum = sumOfSeries([growing(10), growing(5)]);
  expect(sum.rateOf('publish')).toBe(3);
  expect(sum.samplesOf('publish', 5, 5).map(({ value }) => value)).toEqual([200, 185]);
  expect(sumOfSeries([]).samplesOf('publish', 5, 5)).toEqual([]);
});
