import type { LatencyHistogram } from './latency-histogram.ts';

/** Percentiles in milliseconds. */
export interface LatencySummary {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** What a run of `leveret perf` found. The shape of its `--json`. */
export interface PerfResult {
  readonly seconds: number;
  readonly published: number;
  readonly delivered: number;
  readonly confirmed: number;
  /** Messages that the broker answered with basic.nack. */
  readonly refused: number;
  readonly publishedPerSecond: number;
  readonly deliveredPerSecond: number;
  readonly confirmedPerSecond: number;
  /** From publish to delivery; null when nothing was measured. */
  readonly latencyMs: LatencySummary | null;
  /** From publish to confirm; null without confirms. */
  readonly confirmMs: LatencySummary | null;
}

/** Running totals at one moment. */
export interface PerfCounts {
  readonly published: number;
  readonly delivered: number;
  readonly confirmed: number;
  readonly refused: number;
}

export function latencySummary(histogram: LatencyHistogram): LatencySummary | null {
  const max = histogram.maxMs();
  if (max === undefined) {
    return null;
  }
  const at = (share: number): number => histogram.percentileMs(share) ?? max;
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999), max };
}

export function perfResult(
  counts: PerfCounts,
  seconds: number,
  latency: LatencyHistogram,
  confirms: LatencyHistogram,
): PerfResult {
  return {
    seconds: Math.round(seconds * 1000) / 1000,
    ...counts,
    publishedPerSecond: Math.round(counts.published / seconds),
    deliveredPerSecond: Math.round(counts.delivered / seconds),
    confirmedPerSecond: Math.round(counts.confirmed / seconds),
    latencyMs: latencySummary(latency),
    confirmMs: latencySummary(confirms),
  };
}

/** One line for the second that ends now. */
export function progressLine(
  elapsedSeconds: number,
  before: PerfCounts,
  now: PerfCounts,
  spanSeconds: number,
): string {
  const rate = (key: keyof PerfCounts): string =>
    `${perSecond((now[key] - before[key]) / spanSeconds).padStart(10)} ${key}`;
  const parts = [rate('published'), rate('delivered')];
  if (now.confirmed > 0) {
    parts.push(rate('confirmed'));
  }
  return `${elapsedSeconds.toFixed(0).padStart(5)} s ${parts.join('  ')}`;
}

/** The result as a table for people. */
export function perfReport(result: PerfResult): string {
  const lines = [
    `${'published'.padEnd(10)} ${count(result.published)} ${perSecond(result.publishedPerSecond).padStart(14)}`,
    `${'delivered'.padEnd(10)} ${count(result.delivered)} ${perSecond(result.deliveredPerSecond).padStart(14)}`,
  ];
  if (result.confirmMs !== null) {
    lines.push(
      `${'confirmed'.padEnd(10)} ${count(result.confirmed)} ${perSecond(result.confirmedPerSecond).padStart(14)}`,
    );
  }
  if (result.refused > 0) {
    lines.push(`${'refused'.padEnd(10)} ${count(result.refused)}  (answered with basic.nack)`);
  }
  const waiting = result.published - result.delivered - result.refused;
  if (waiting > 0) {
    lines.push(`${'waiting'.padEnd(10)} ${count(waiting)}  (not delivered when the time was over)`);
  }
  lines.push('', ...latencyLines('latency', result.latencyMs), ...latencyLines('confirm', result.confirmMs));
  return `${lines.join('\n').trimEnd()}\n`;
}

function latencyLines(name: string, summary: LatencySummary | null): string[] {
  if (summary === null) {
    return [];
  }
  const parts = [
    `p50 ${milliseconds(summary.p50)}`,
    `p99 ${milliseconds(summary.p99)}`,
    `p99.9 ${milliseconds(summary.p999)}`,
    `max ${milliseconds(summary.max)}`,
  ];
  return [`${name.padEnd(10)} ${parts.join('  ')}`];
}

function count(value: number): string {
  return value.toLocaleString('en-US').padStart(14);
}

function perSecond(value: number): string {
  return `${Math.round(value).toLocaleString('en-US')}/s`;
}

function milliseconds(value: number): string {
  return `${value.toFixed(value < 10 ? 3 : 1)} ms`;
}
