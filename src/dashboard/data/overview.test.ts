import { expect, test } from 'vitest';
import { curvesOfSamples } from './overview.ts';

function samples(...newestFirst: readonly number[]): {
  rate: number;
  samples: { sample: number; timestamp: number }[];
} {
  return { rate: 0, samples: newestFirst.map((sample, at) => ({ sample, timestamp: 15_000 - at * 5000 })) };
}

test('samples become curves, the oldest first', () => {
  const curves = curvesOfSamples({
    message_stats: {
      publish: 30,
      publish_details: samples(30, 20, 0),
      ack_details: samples(10, 5, 0),
      deliver_no_ack_details: samples(5, 0, 0),
    },
    queue_totals: {
      messages_details: samples(18, 17, 16),
      messages_ready_details: samples(8, 7, 6),
      messages_unacknowledged_details: samples(10, 10, 10),
    },
  });
  expect(curves).toEqual({
    at: [10_000, 15_000],
    counted: 'clients',
    rateIn: [4, 2],
    rateOut: [1, 2],
    ready: [7, 8],
    unacked: [10, 10],
    p95Ms: undefined,
  });
});

test('a broker in which nothing was published has levels all the same', () => {
  const curves = curvesOfSamples({
    message_stats: {},
    queue_totals: {
      messages_details: samples(0, 0),
      messages_ready_details: samples(3, 2),
      messages_unacknowledged_details: samples(0, 0),
    },
  });
  expect(curves.at).toEqual([10_000, 15_000]);
  expect(curves.ready).toEqual([2, 3]);
  expect(curves.rateIn).toEqual([0, 0]);
});

test('a user who may see nothing gets empty curves', () => {
  const none = {};
  expect(
    curvesOfSamples({
      message_stats: {},
      queue_totals: {
        messages_details: none,
        messages_ready_details: none,
        messages_unacknowledged_details: none,
      },
    }).at,
  ).toEqual([]);
});
