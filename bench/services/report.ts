import { markdownTable } from '../markdown-table.ts';
import { median } from '../statistics.ts';

export interface ContenderRun {
  readonly messagesPerSecond: number;
  /** Of all its processes, for a message. */
  readonly cpuMicroseconds: number;
}

export interface ContenderRuns {
  readonly name: string;
  /** Whether its handler writes to a database. */
  readonly writes: boolean;
  readonly runs: ContenderRun[];
}

interface Row {
  readonly name: string;
  readonly writes: boolean;
  readonly rate: number;
  readonly spread: string;
  readonly cpu: number;
}

/**
 * A table for the handlers without and one for those with a database. `rate x` is how many times the rate of the fastest BullMQ a
 * contender has, `CPU x` which part of its processor time.
 */
export function servicesReport(all: readonly ContenderRuns[]): string {
  const rows = all.filter(({ runs }) => runs.length > 0).map(rowOf);
  const plain = rows.filter(({ writes }) => !writes);
  const writing = rows.filter(({ writes }) => writes);
  const tables = [
    titled('Without a database', plain, fastestBullMq(plain)),
    titled('With a row and an event for each message', writing, fastestBullMq(writing)),
    titled('The same, beside BullMQ without a database', writing.filter(isLeveret), fastestBullMq(plain)),
  ];
  return tables.filter((table) => table !== '').join('\n\n');
}

function rowOf({ name, writes, runs }: ContenderRuns): Row {
  const rates = runs.map(({ messagesPerSecond }) => messagesPerSecond);
  const spread = `${thousands(Math.min(...rates))} to ${thousands(Math.max(...rates))}`;
  const cpu = median(runs.map(({ cpuMicroseconds }) => cpuMicroseconds));
  return { name, writes, rate: median(rates), spread, cpu };
}

function isLeveret({ name }: Row): boolean {
  return name.startsWith('Leveret');
}

function fastestBullMq(rows: readonly Row[]): Row | undefined {
  return rows.filter((row) => !isLeveret(row)).sort((a, b) => b.rate - a.rate)[0];
}

function titled(title: string, rows: readonly Row[], reference: Row | undefined): string {
  if (rows.length === 0) return '';
  const head = ['contender', 'messages/s', 'of the runs', 'CPU us a message', 'rate x', 'CPU x'];
  const cells = rows.map(({ name, rate, spread, cpu }) => [
    name,
    thousands(rate),
    spread,
    cpu.toFixed(1),
    reference === undefined ? '' : (rate / reference.rate).toFixed(2),
    reference === undefined ? '' : (cpu / reference.cpu).toFixed(3),
  ]);
  return `${title}\n\n${markdownTable(head, cells, 1)}`;
}

function thousands(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
