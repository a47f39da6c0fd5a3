import { expect, test } from 'vitest';
import { goalChecks } from './goals.ts';
import { verdict } from './limits/check.ts';
import { type Measurement, summarize, type WorkloadReport } from './report.ts';

function measurement(messagesPerSecond: number, more: Partial<Measurement> = {}): Measurement {
  const nothing = { cpuMicroseconds: undefined, latencyP99Ms: undefined, peakRssBytes: undefined };
  return { messagesPerSecond, ...nothing, ...more };
}

function report(row: string, ours: Measurement, rival?: Measurement): WorkloadReport {
  const theirs = rival === undefined ? [] : [summarize('RabbitMQ', [rival])];
  return { workload: { name: row, doc: '' }, summaries: [summarize('ours', [ours]), ...theirs] };
}

function verdicts(...reports: WorkloadReport[]): Record<string, string> {
  return Object.fromEntries(
    goalChecks(reports, 'ours', 'RabbitMQ').map((check) => [check.what, verdict(check)]),
  );
}

test('rates are compared with those of the rival in the same run', () => {
  expect(verdicts(report('D', measurement(100_000), measurement(20_000)))).toEqual({
    'D: rate, times RabbitMQ': 'ok',
  });
  expect(verdicts(report('D', measurement(99_999), measurement(20_000)))).toEqual({
    'D: rate, times RabbitMQ': 'not ok',
  });
});

test('processor time and memory need no rival', () => {
  expect(verdicts(report('C', measurement(1, { cpuMicroseconds: 1.6 })))).toEqual({
    'C: processor time each': 'not ok',
  });
  expect(verdicts(report('F-in', measurement(1, { peakRssBytes: 299e6 })))).toEqual({
    'F-in: RSS at most': 'ok',
  });
});

test('what was not measured has no goal', () => {
  expect(verdicts(report('A', measurement(1), measurement(1)))).toEqual({});
  expect(goalChecks([report('C', measurement(1), measurement(1))], 'other', 'RabbitMQ')).toEqual([]);
});
