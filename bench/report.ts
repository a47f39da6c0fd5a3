import { markdownTable } from './markdown-table.ts';
import { median, ratio } from './statistics.ts';
import type { Workload } from './workloads.ts';

/** One run of one workload on one broker. */
export interface Measurement {
  readonly deliveredPerSecond: number;
  /** Processor time of the broker per delivered message; undefined when its process is not known. */
  readonly cpuMicroseconds: number | undefined;
  readonly latencyP99Ms: number | undefined;
}

/** The medians of a workload's runs on one broker. */
export interface Summary {
  readonly broker: string;
  readonly runs: number;
  readonly deliveredPerSecond: number;
  readonly cpuMicroseconds: number | undefined;
  readonly latencyP99Ms: number | undefined;
}

export interface WorkloadReport {
  readonly workload: Workload;
  /** In the order of the brokers; ratios are taken to the last. */
  readonly summaries: readonly Summary[];
}

export function summarize(broker: string, measurements: readonly Measurement[]): Summary {
  const medianOf = (pick: (measurement: Measurement) => number | undefined): number | undefined => {
    const values = measurements.map(pick).filter((value) => value !== undefined);
    return values.length === 0 ? undefined : median(values);
  };
  return {
    broker,
    runs: measurements.length,
    deliveredPerSecond: median(measurements.map((measurement) => measurement.deliveredPerSecond)),
    cpuMicroseconds: medianOf((measurement) => measurement.cpuMicroseconds),
    latencyP99Ms: medianOf((measurement) => measurement.latencyP99Ms),
  };
}

/** Processor time per message in microseconds, from two readings in seconds; undefined when a reading is missing. */
export function microsecondsEach(
  before: number | undefined,
  after: number | undefined,
  messages: number,
): number | undefined {
  return before === undefined || after === undefined || messages === 0
    ? undefined
    : ((after - before) * 1e6) / messages;
}

const COLUMNS = ['workload', 'broker', 'delivered/s', 'CPU us/msg', 'p99 ms', 'rate x', 'CPU x'] as const;

/** A table in Markdown: medians, and how the rate and the processor time compare with the last broker's. */
export function reportTable(reports: readonly WorkloadReport[]): string {
  const rows = reports.flatMap(({ workload, summaries }) => {
    const reference = summaries.at(-1);
    return summaries.map((summary) => [
      `${workload.name}: ${workload.doc}`,
      summary.broker,
      Math.round(summary.deliveredPerSecond).toLocaleString('en-US'),
      shown(summary.cpuMicroseconds, 2),
      shown(summary.latencyP99Ms, 3),
      shown(ratio(summary.deliveredPerSecond, reference?.deliveredPerSecond), 2),
      shown(ratio(summary.cpuMicroseconds, reference?.cpuMicroseconds), 2),
    ]);
  });
  return markdownTable(COLUMNS, rows, 2);
}

/** The table of docs/performance.md: a row for each workload, a column for each broker, and the first against the last. */
export function pageTable(reports: readonly WorkloadReport[]): string {
  const brokers = reports[0]?.summaries.map((summary) => summary.broker) ?? [];
  const head = ['workload', ...brokers, 'rate x', 'CPU x'];
  const rows = reports.map(({ workload, summaries }) => {
    const [ours, reference] = [summaries[0], summaries.at(-1)];
    return [
      `${workload.name}: ${workload.doc}`,
      ...summaries.map(rateAndCpu),
      shown(ratio(ours?.deliveredPerSecond, reference?.deliveredPerSecond), 1),
      shown(ratio(ours?.cpuMicroseconds, reference?.cpuMicroseconds), 3),
    ];
  });
  return markdownTable(head, rows, 1);
}

function rateAndCpu({ deliveredPerSecond, cpuMicroseconds }: Summary): string {
  const rate = Math.round(deliveredPerSecond).toLocaleString('en-US');
  return cpuMicroseconds === undefined ? `${rate}/s` : `${rate}/s · ${cpuMicroseconds.toFixed(2)} us`;
}

function shown(value: number | undefined, digits: number): string {
  return value === undefined ? '-' : value.toFixed(digits);
}
