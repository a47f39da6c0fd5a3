import type { BarChart } from './bar-chart.ts';
import { markdownTable } from './markdown-table.ts';
import { median, ratio } from './statistics.ts';
import type { WorkloadRow } from './workloads.ts';

/** One run of one workload on one broker. */
export interface Measurement {
  /** Delivered, or published where nothing is consumed. */
  readonly messagesPerSecond: number;
  /** Processor time of the broker per message; undefined when its process is not known. */
  readonly cpuMicroseconds: number | undefined;
  readonly latencyP99Ms: number | undefined;
  /** The most that was resident during the run; undefined when its process is not known. */
  readonly peakRssBytes: number | undefined;
}

/** The medians of a workload's runs on one broker. */
export interface Summary {
  readonly broker: string;
  readonly runs: number;
  readonly messagesPerSecond: number;
  readonly cpuMicroseconds: number | undefined;
  readonly latencyP99Ms: number | undefined;
  readonly peakRssBytes: number | undefined;
}

export interface WorkloadReport {
  readonly workload: WorkloadRow;
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
    messagesPerSecond: median(measurements.map((measurement) => measurement.messagesPerSecond)),
    cpuMicroseconds: medianOf((measurement) => measurement.cpuMicroseconds),
    latencyP99Ms: medianOf((measurement) => measurement.latencyP99Ms),
    peakRssBytes: medianOf((measurement) => measurement.peakRssBytes),
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

const COLUMNS = [
  'workload',
  'broker',
  'messages/s',
  'CPU us',
  'p99 ms',
  'RSS MB',
  'rate x',
  'CPU x',
] as const;
const MEGABYTE = 1e6;

/** A table in Markdown: medians, and how the rate and the processor time compare with the last broker's. */
export function reportTable(reports: readonly WorkloadReport[]): string {
  const rows = reports.flatMap(({ workload, summaries }) => {
    const reference = summaries.at(-1);
    return summaries.map((summary) => [
      `${workload.name}: ${workload.doc}`,
      summary.broker,
      Math.round(summary.messagesPerSecond).toLocaleString('en-US'),
      shown(summary.cpuMicroseconds, 2),
      shown(summary.latencyP99Ms, 3),
      shown(summary.peakRssBytes === undefined ? undefined : summary.peakRssBytes / MEGABYTE, 0),
      shown(ratio(summary.messagesPerSecond, reference?.messagesPerSecond), 2),
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
      shown(ratio(ours?.messagesPerSecond, reference?.messagesPerSecond), 1),
      shown(ratio(ours?.cpuMicroseconds, reference?.cpuMicroseconds), 3),
    ];
  });
  return markdownTable(head, rows, 1);
}

function rateAndCpu({ messagesPerSecond, cpuMicroseconds }: Summary): string {
  const rate = Math.round(messagesPerSecond).toLocaleString('en-US');
  return cpuMicroseconds === undefined ? `${rate}/s` : `${rate}/s · ${cpuMicroseconds.toFixed(2)} us`;
}

function shown(value: number | undefined, digits: number): string {
  return value === undefined ? '-' : value.toFixed(digits);
}

/** The rates as a chart: a group for each workload, a bar for each broker. */
export function rateChart(reports: readonly WorkloadReport[], footer: readonly string[]): BarChart {
  return {
    title: 'Messages a second',
    subtitle: 'Published and delivered at once; in F published first, then consumed. More is better.',
    series: reports[0]?.summaries.map((summary) => summary.broker) ?? [],
    groups: reports.map(({ workload, summaries }) => ({
      title: workload.name,
      subtitle: workload.doc,
      values: summaries.map((summary) => summary.messagesPerSecond),
    })),
    footer,
  };
}
