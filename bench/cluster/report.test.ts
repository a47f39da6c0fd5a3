import { expect, test } from 'vitest';
import { verdict } from '../limits/check.ts';
import { WORKLOADS, type Workload } from '../workloads.ts';
import type { ClusterMeasurement } from './cluster-load.ts';
import { type ClusterRuns, clusterGoals, clusterReport } from './report.ts';

const workload = WORKLOADS.find(({ name }) => name === 'C') as Workload;
const fast = { workload, rate: 0 };
const slow = { workload, rate: 1000 };

function run(messagesPerSecond: number): ClusterMeasurement {
  return { messagesPerSecond, cpuMicroseconds: 10, confirmP50Ms: 1.5, confirmP99Ms: 4.25 };
}

const all: readonly ClusterRuns[] = [
  { side: 'Leveret', load: fast, entrance: 'owner', runs: [run(90_000), run(30_000), run(60_000)] },
  { side: 'RabbitMQ', load: fast, entrance: 'owner', runs: [run(20_000)] },
  { side: 'Leveret', load: slow, entrance: 'owner', runs: [run(1000)] },
  { side: 'RabbitMQ', load: slow, entrance: 'owner', runs: [] },
];

test('rates are medians, beside the reference', () => {
  expect(clusterReport(all).split('\n')[2]).toBe(
    '| C: persistent 16 B, confirms and acks | owner     | 60,000/s · 10.0 us | 20,000/s · 10.0 us |    3.0 |  1.00 |',
  );
});

test('a load at a fixed rate is told by its confirms, and what was not measured is left open', () => {
  expect(clusterReport(all).split('\n').at(-1)).toBe(
    '| 16 B, 1,000 a second            | owner     |  1.50 ms, 4.25 ms |         - ms, - ms |',
  );
});

test('the goal is three times the rate of the reference at the owner', () => {
  expect(clusterGoals(all, 'Leveret', 'RabbitMQ').map(verdict)).toEqual(['ok']);
  const slower = all.map((runs) =>
    runs.side === 'RabbitMQ' && runs.load === fast ? { ...runs, runs: [run(20_001)] } : runs,
  );
  expect(clusterGoals(slower, 'Leveret', 'RabbitMQ').map(verdict)).toEqual(['not ok']);
});

test('there is no goal without a reference', () => {
  expect(clusterGoals(all, 'Leveret', 'Kafka')).toEqual([]);
});
