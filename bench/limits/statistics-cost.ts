/**
 * What statistics cost: processor time per message of two brokers, one with `--statistics off`. Their runs alternate, so that
 * what else the machine does meets both alike, and who is first alternates, too.
 */
import type { Server } from '../../test/servers/server.ts';
import { median } from '../statistics.ts';
import { below, type Check } from './check.ts';
import type { LimitsBench } from './limits-bench.ts';

const ROUNDS = 15;
const SECONDS = '3';
const COST_PERCENT_MAX = 5;

interface Load {
  readonly name: string;
  readonly storage: 'memory' | 'file';
  /** Arguments of amqpload. */
  readonly args: readonly string[];
}

/** The workloads of docs/performance.md. */
const LOADS: readonly Load[] = [
  { name: 'workload A', storage: 'memory', args: ['-s', '16'] },
  { name: 'workload C', storage: 'file', args: ['-s', '16', '-w', '1000', '-f', '1000', '-D'] },
];

export async function measureStatistics(bench: LimitsBench): Promise<Check[]> {
  const checks: Check[] = [];
  for (const load of LOADS) checks.push(...(await measureLoad(bench, load)));
  return checks;
}

function measureLoad(bench: LimitsBench, load: Load): Promise<Check[]> {
  return bench.withBroker(load.storage, (on) =>
    bench.withBroker(load.storage, (off) => compare(bench, load, on, off), ['--statistics', 'off']),
  );
}

async function compare(bench: LimitsBench, { name, args }: Load, on: Server, off: Server): Promise<Check[]> {
  const cost = async (server: Server, seconds: string): Promise<number> =>
    (await bench.load(server, [...args, '-d', seconds])).cpuMicroseconds;
  for (const server of [on, off]) await cost(server, '1');
  const costs = new Map<Server, number[]>([
    [on, []],
    [off, []],
  ]);
  for (let round = 0; round < ROUNDS; round++) {
    for (const server of round % 2 === 0 ? [on, off] : [off, on])
      costs.get(server)?.push(await cost(server, SECONDS));
  }
  const [costOn, costOff] = [median(costs.get(on) ?? []), median(costs.get(off) ?? [])];
  return [
    { part: 'statistics', what: `${name}, off`, value: costOff, unit: 'us CPU' },
    { part: 'statistics', what: `${name}, on`, value: costOn, unit: 'us CPU' },
    {
      part: 'statistics',
      what: `${name}, what statistics add`,
      value: (costOn / costOff - 1) * 100,
      unit: '%',
      target: below('goal', COST_PERCENT_MAX),
    },
  ];
}
