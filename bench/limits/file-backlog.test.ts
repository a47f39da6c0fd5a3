import { expect, test } from 'vitest';
import { verdict } from './check.ts';
import { type FileBacklog, fileChecks } from './file-backlog.ts';
import type { Load } from './limits-bench.ts';

function load(publishedPerSecond: number, deliveredPerSecond: number): Load {
  const counts = { seconds: 10, published: 1, delivered: 1, confirmed: 1 };
  return {
    ...counts,
    publishedPerSecond,
    deliveredPerSecond,
    latencyMs: null,
    confirmMs: null,
    cpuMicroseconds: 1,
  };
}

const file: FileBacklog = {
  published: load(900_000, 0),
  drained: load(0, 600_000),
  filledRssBytes: 599e6,
  drainRssBytes: 599e6,
  firstDeliverySeconds: 7.9,
  messageCount: 10_000_000,
};

function missedBy(change: Partial<FileBacklog>): string[] {
  const checks = fileChecks({ ...file, ...change }, 1_000_000);
  return checks.filter((check) => verdict(check) === 'not ok').map((check) => check.what);
}

test('memory, restart and six tenths of the rate in memory are what counts', () => {
  expect(missedBy({})).toEqual([]);
  expect(missedBy({ filledRssBytes: 600e6 })).toEqual(['RSS at most, publishing']);
  expect(missedBy({ drainRssBytes: 600e6 })).toEqual(['RSS at most, consuming']);
  expect(missedBy({ firstDeliverySeconds: 8 })).toEqual(['restart until the first delivery']);
  expect(missedBy({ drained: load(0, 599_999) })).toEqual(['consume, from disk']);
});

test('a single message that is missing after the restart breaks a promise', () => {
  expect(missedBy({ messageCount: 9_999_999 })).toEqual(['messages after a restart']);
});
