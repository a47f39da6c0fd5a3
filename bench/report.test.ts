import { expect, test } from 'vitest';
import {
  type Measurement,
  microsecondsEach,
  pageTable,
  rateChart,
  reportTable,
  summarize,
} from './report.ts';
import { WORKLOADS, type Workload } from './workloads.ts';

const workload = WORKLOADS[0] as Workload;

function measurement(messagesPerSecond: number, more: Partial<Measurement> = {}): Measurement {
  const nothing = { cpuMicroseconds: undefined, latencyP99Ms: undefined, peakRssBytes: undefined };
  return { messagesPerSecond, ...nothing, ...more };
}

test('the summary has the median of each figure, and leaves out what was not measured', () => {
  const measurements = [
    measurement(10, { cpuMicroseconds: 3, peakRssBytes: 7e6 }),
    measurement(30),
    measurement(20, { cpuMicroseconds: 1, peakRssBytes: 9e6 }),
  ];
  expect(summarize('ours', measurements)).toEqual({
    broker: 'ours',
    runs: 3,
    messagesPerSecond: 20,
    cpuMicroseconds: 2,
    latencyP99Ms: undefined,
    peakRssBytes: 8e6,
  });
});

test('processor time per message needs both readings and a message', () => {
  expect(microsecondsEach(1, 1.5, 1_000_000)).toBe(0.5);
  expect(microsecondsEach(undefined, 1, 10)).toBeUndefined();
  expect(microsecondsEach(1, undefined, 10)).toBeUndefined();
  expect(microsecondsEach(1, 2, 0)).toBeUndefined();
});

test('the table compares every broker with the last one', () => {
  const figures = { cpuMicroseconds: 0.5, latencyP99Ms: 1, peakRssBytes: 250e6 };
  const ours = summarize('ours', [measurement(3_000_000, figures)]);
  const reference = summarize('reference', [measurement(100_000, { cpuMicroseconds: 20 })]);
  const lines = reportTable([{ workload, summaries: [ours, reference] }]).split('\n');
  const cells = (line: string | undefined): string[] | undefined =>
    line?.split('|').map((cell) => cell.trim());
  expect(cells(lines[2])?.slice(2, -1)).toEqual([
    'ours',
    '3,000,000',
    '0.50',
    '1.000',
    '250',
    '30.00',
    '0.03',
  ]);
  expect(cells(lines[3])?.slice(2, -1)).toEqual(['reference', '100,000', '20.00', '-', '-', '1.00', '1.00']);
  expect(new Set(lines.map((line) => line.length)).size).toBe(1);
});

test('the chart has a group per workload and a bar per broker', () => {
  const ours = summarize('ours', [measurement(3_000_000)]);
  const reference = summarize('reference', [measurement(100_000)]);
  expect(rateChart([{ workload, summaries: [ours, reference] }], ['two cores'])).toMatchObject({
    series: ['ours', 'reference'],
    groups: [{ title: 'A', values: [3_000_000, 100_000] }],
    footer: ['two cores'],
  });
});

test('the table of the page has a row per workload, with the first broker against the last', () => {
  const ours = summarize('ours', [measurement(3_000_000, { cpuMicroseconds: 0.5 })]);
  const reference = summarize('reference', [measurement(100_000)]);
  const [head, , row, ...more] = pageTable([{ workload, summaries: [ours, reference] }]).split('\n');
  const cells = (line: string | undefined): string[] | undefined =>
    line?.split('|').map((cell) => cell.trim());
  expect(cells(head)?.slice(1, -1)).toEqual(['workload', 'ours', 'reference', 'rate x', 'CPU x']);
  expect(cells(row)?.slice(2, -1)).toEqual(['3,000,000/s · 0.50 us', '100,000/s', '30.0', '-']);
  expect(more).toEqual([]);
});
