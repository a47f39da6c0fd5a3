import { expect, it } from 'vitest';
import { type ContenderRuns, servicesReport } from './report.ts';

function contender(name: string, writes: boolean, ...rates: readonly number[]): ContenderRuns {
  const runs = rates.map((rate) => ({ messagesPerSecond: rate, cpuMicroseconds: 1e6 / rate }));
  return { name, writes, runs };
}

function cellsOf(report: string, name: string): string[][] {
  const rows = report.split('\n').filter((line) => line.startsWith(`| ${name} `));
  return rows.map((row) => row.split('|').map((cell) => cell.trim()));
}

it('compares medians with the fastest BullMQ of the same handler, and of the one without a database', () => {
  const report = servicesReport([
    contender('BullMQ, slow', false, 100),
    contender('BullMQ, fast', false, 1_000, 3_000, 2_000),
    contender('Leveret', false, 10_000),
    contender('BullMQ, fast', true, 500),
    contender('Leveret', true, 4_000),
  ]);
  expect(cellsOf(report, 'BullMQ, fast')[0]?.slice(2, 7)).toEqual([
    '2,000',
    '1,000 to 3,000',
    '500.0',
    '1.00',
    '1.000',
  ]);
  expect(cellsOf(report, 'Leveret').map((cells) => [cells[2], cells[5], cells[6]])).toEqual([
    ['10,000', '5.00', '0.200'],
    ['4,000', '8.00', '0.125'],
    ['4,000', '2.00', '0.500'],
  ]);
});

it('leaves out what was not run', () => {
  const report = servicesReport([contender('Leveret', false, 10), contender('BullMQ', true)]);
  expect(report).toContain('Without a database');
  expect(report).not.toContain('With a row');
  expect(cellsOf(report, 'Leveret')[0]?.slice(5, 7)).toEqual(['', '']);
});
