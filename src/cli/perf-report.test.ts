import { expect, test } from 'vitest';
import { LatencyHistogram } from './latency-histogram.ts';
import { perfReport, perfResult, progressLine } from './perf-report.ts';

const nothing = { published: 0, delivered: 0, confirmed: 0, refused: 0 };

test('rates are taken over the time that has passed', () => {
  const counts = { published: 3000, delivered: 1500, confirmed: 600, refused: 0 };
  const result = perfResult(counts, 1.5, new LatencyHistogram(), new LatencyHistogram());
  expect(result).toMatchObject({
    publishedPerSecond: 2000,
    deliveredPerSecond: 1000,
    confirmedPerSecond: 400,
    latencyMs: null,
    confirmMs: null,
  });
});

test('latencies have their percentiles and maximum', () => {
  const latency = new LatencyHistogram();
  latency.record(20);
  const result = perfResult({ ...nothing, delivered: 1 }, 1, latency, new LatencyHistogram());
  expect(result.latencyMs).toEqual({ p50: 0.02, p99: 0.02, p999: 0.02, max: 0.02 });
  expect(perfReport(result)).toContain('p99.9 0.020 ms');
});

test('the report leaves out what was not asked for', () => {
  const result = perfResult({ ...nothing, published: 10 }, 1, new LatencyHistogram(), new LatencyHistogram());
  const report = perfReport(result);
  expect(report).toContain('10/s');
  expect(report).not.toMatch(/confirm|refused|latency/);
});

test('messages that were published and not delivered yet are told', () => {
  const counts = { ...nothing, published: 12_000, delivered: 9000, refused: 500 };
  const report = perfReport(perfResult(counts, 1, new LatencyHistogram(), new LatencyHistogram()));
  expect(report).toMatch(/^waiting +2,500 {2}\(not delivered when the time was over\)$/m);
});

test('messages that were refused are told', () => {
  const result = perfResult({ ...nothing, refused: 4 }, 1, new LatencyHistogram(), new LatencyHistogram());
  expect(perfReport(result)).toMatch(/refused +4/);
});

test('a line of progress tells the rates of its own second', () => {
  const before = { ...nothing, published: 1000, delivered: 1000 };
  const now = { ...nothing, published: 3000, delivered: 1500 };
  const line = progressLine(2, before, now, 0.5);
  expect(line).toContain('4,000/s published');
  expect(line).toContain('1,000/s delivered');
  expect(line).not.toContain('confirmed');
});
