/**
 * npm run bench:cluster: three Leveret nodes on three NATS servers that sync each write, beside three RabbitMQ nodes with a quorum queue.
 * The sides take turns, run by run, so that what else the machine does meets both alike; both run all the time.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { rabbitmqInstalled } from '../../test/servers/rabbitmq.ts';
import { compileAmqpload } from '../amqpload.ts';
import { limitsTable, missed } from '../limits/check.ts';
import { WORKLOADS } from '../workloads.ts';
import { type ClusterLoad, type ClusterMeasurement, measureCluster } from './cluster-load.ts';
import type { ClusterSide } from './cluster-side.ts';
import { startLeveretSide } from './leveret-side.ts';
import {
  CLUSTER_BENCH_HELP,
  ClusterBenchOptionError,
  type ClusterBenchOptions,
  readClusterBenchOptions,
  type SideName,
} from './options.ts';
import { startRabbitmqSide } from './rabbitmq-side.ts';
import { type ClusterRuns, clusterGoals, clusterReport } from './report.ts';

/** This file is run from build/bench/cluster. */
const PROJECT_ROOT: string = join(import.meta.dirname, '..', '..', '..');
const CONFIRM_RATE = 1000;

const PERSISTENT = WORKLOADS.filter(({ name }) => name === 'C' || name === 'D');
const LOADS: readonly ClusterLoad[] = [
  ...PERSISTENT.map((workload) => ({ workload, rate: 0 })),
  ...PERSISTENT.map((workload) => ({ workload, rate: CONFIRM_RATE })),
];

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    console.log(CLUSTER_BENCH_HELP);
    return 0;
  }
  try {
    return await bench(readClusterBenchOptions(args));
  } catch (error) {
    if (!(error instanceof ClusterBenchOptionError)) throw error;
    console.error(`bench:cluster: ${error.message}`);
    return 2;
  }
}

async function bench(options: ClusterBenchOptions): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'leveret-bench-cluster-'));
  const sides: ClusterSide[] = [];
  try {
    const amqpload = compileAmqpload(PROJECT_ROOT, directory);
    if (amqpload === undefined) throw new Error('bench:cluster needs a C compiler for bench/amqpload.c');
    for (const name of options.sides) {
      const side = await startSide(name, options);
      if (side !== undefined) sides.push(side);
    }
    const all = await measureAll(amqpload, sides, options);
    if (options.jsonPath !== undefined) await writeFile(options.jsonPath, JSON.stringify(all, undefined, 2));
    console.log(`\n${clusterReport(all)}`);
    const goals = clusterGoals(all, 'Leveret', 'RabbitMQ');
    if (goals.length > 0) console.log(`\n${limitsTable(goals)}`);
    console.log(`\n${footer(options, sides)}`);
    return missed(goals, options.strict).length > 0 ? 1 : 0;
  } finally {
    for (const side of sides) await side.close();
    await rm(directory, { recursive: true, force: true });
  }
}

async function startSide(name: SideName, options: ClusterBenchOptions): Promise<ClusterSide | undefined> {
  if (name === 'leveret') return startLeveretSide(PROJECT_ROOT, options.profileDirectory);
  if (rabbitmqInstalled()) return startRabbitmqSide();
  console.error(
    'bench:cluster: RabbitMQ is not installed (Debian package rabbitmq-server), so there is nothing to compare with',
  );
  return undefined;
}

async function measureAll(
  amqpload: string,
  sides: readonly ClusterSide[],
  options: ClusterBenchOptions,
): Promise<ClusterRuns[]> {
  const all: ClusterRuns[] = [];
  for (const load of LOADS) {
    for (const entrance of options.entrances) {
      const ofSides = sides.map((side) => ({ side, runs: [] as ClusterMeasurement[] }));
      for (let round = 1; round <= options.rounds; round += 1) {
        for (const { side, runs } of ofSides) {
          const measured = await measureCluster(amqpload, side, entrance, load, options.seconds);
          runs.push(measured);
          console.error(progress(load, entrance, `round ${round}/${options.rounds}`, side, measured));
        }
      }
      all.push(...ofSides.map(({ side, runs }) => ({ side: side.name, load, entrance, runs })));
    }
  }
  return all;
}

function progress(
  { workload, rate }: ClusterLoad,
  entrance: string,
  round: string,
  side: ClusterSide,
  { messagesPerSecond, cpuMicroseconds, confirmP50Ms, confirmP99Ms }: ClusterMeasurement,
): string {
  const speed = rate === 0 ? '' : ` at ${rate}/s`;
  const figures = [
    `${Math.round(messagesPerSecond).toLocaleString('en-US')}/s`,
    ...(cpuMicroseconds === undefined ? [] : [`${cpuMicroseconds.toFixed(1)} us CPU`]),
    `confirms ${confirmP50Ms ?? '-'} and ${confirmP99Ms ?? '-'} ms`,
  ];
  return `${workload.name}${speed} at the ${entrance} ${round} ${side.name}: ${figures.join(', ')}`;
}

function footer({ rounds, seconds }: ClusterBenchOptions, sides: readonly ClusterSide[]): string {
  return [
    `medians of ${rounds} runs of ${seconds} s, generator amqpload`,
    `${cpus().length} cores, ${cpus()[0]?.model ?? 'unknown processor'}, Node.js ${process.versions.node}`,
    ...sides.map(({ versions }) => versions),
  ].join('; ');
}

process.exitCode = await main(process.argv.slice(2));
