/**
 * npm run bench: the workloads of docs/performance.md against one or more brokers, in one go. The runs of a workload alternate
 * between the brokers, so that what else the machine does meets all of them alike.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { startLeveret } from '../test/servers/leveret.ts';
import { rabbitmqInstalled, startRabbitmq } from '../test/servers/rabbitmq.ts';
import type { Server } from '../test/servers/server.ts';
import { barChart } from './bar-chart.ts';
import { goalChecks } from './goals.ts';
import { type Check, limitsTable, missed } from './limits/check.ts';
import { type LoadGenerator, loadGenerator } from './load-generator.ts';
import { measure } from './measure.ts';
import {
  BENCH_HELP,
  BenchOptionError,
  type BenchOptions,
  type BrokerTarget,
  readBenchOptions,
} from './options.ts';
import { hasProc, listeningPid } from './process-cpu.ts';
import {
  type Measurement,
  pageTable,
  rateChart,
  reportTable,
  summarize,
  type WorkloadReport,
} from './report.ts';
import { rowsOf, type Workload } from './workloads.ts';

/** This file is run from build/bench. */
const PROJECT_ROOT: string = join(import.meta.dirname, '..', '..');
const LEVERET = 'Leveret';
const RABBITMQ = 'RabbitMQ';
/** A run takes a slow broker two minutes. */
const BACKLOG_RUNS_MAX = 3;

/** A broker that is measured. */
interface BenchBroker {
  readonly name: string;
  /** Undefined when it ran before. */
  readonly server: Server | undefined;
  /** Where it is now: a restart changes its process. */
  target(): BrokerTarget;
}

interface StartedBroker extends BenchBroker {
  readonly server: Server;
}

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    console.log(BENCH_HELP);
    return 0;
  }
  try {
    return await bench(readBenchOptions(args));
  } catch (error) {
    if (error instanceof BenchOptionError) {
      console.error(`bench: ${error.message}`);
      return 2;
    }
    throw error;
  }
}

async function bench(options: BenchOptions): Promise<number> {
  if (!hasProc()) {
    console.error('bench: this system has no /proc, so processor time and memory are left out');
  }
  const directory = await mkdtemp(join(tmpdir(), 'leveret-bench-'));
  const started = options.brokers.length === 0 ? await startBrokers(directory) : [];
  try {
    const generator = loadGenerator(PROJECT_ROOT, directory);
    const brokers = options.brokers.length === 0 ? started : options.brokers.map(runningBroker);
    const reports = await measureAll(options, brokers, generator);
    const goals = goalChecks(reports, LEVERET, RABBITMQ);
    await print(options, reports, goals, footer(options, generator, started));
    return missed(goals, options.strict).length > 0 ? 1 : 0;
  } finally {
    for (const broker of started) {
      await broker.server.close();
    }
    await rm(directory, { recursive: true, force: true });
  }
}

async function print(
  options: BenchOptions,
  reports: readonly WorkloadReport[],
  goals: readonly Check[],
  footerLines: readonly string[],
): Promise<void> {
  console.log(options.markdown ? pageTable(reports) : `\n${reportTable(reports)}`);
  if (goals.length > 0) {
    console.log(`\n${limitsTable(goals)}`);
  }
  console.log(`\n${footerLines.join('; ')}`);
  if (options.jsonPath !== undefined) {
    await writeFile(options.jsonPath, `${JSON.stringify(reports, undefined, 2)}\n`);
  }
  if (options.chartPath !== undefined) {
    await mkdir(dirname(options.chartPath), { recursive: true });
    await writeFile(options.chartPath, barChart(rateChart(reports, footerLines)));
  }
}

async function measureAll(
  options: BenchOptions,
  brokers: readonly BenchBroker[],
  generator: LoadGenerator,
): Promise<WorkloadReport[]> {
  const reports: WorkloadReport[] = [];
  for (const workload of options.workloads) {
    const runs =
      workload.backlogCount === undefined ? options.runs : Math.min(options.runs, BACKLOG_RUNS_MAX);
    const measurements = new Map(brokers.map(({ name }): [string, Measurement[][]] => [name, []]));
    for (let run = 1; run <= runs; run += 1) {
      for (const broker of brokers) {
        const target = await targetFor(broker, workload);
        const measured = await measure(target, workload, options.seconds, generator);
        measurements.get(broker.name)?.push(measured);
        console.error(progress(workload, `run ${run}/${runs}`, target, measured));
      }
    }
    reports.push(...reportsOf(workload, measurements));
  }
  return reports;
}

/** A report for each row of the workload that was measured. */
function reportsOf(
  workload: Workload,
  measurements: ReadonlyMap<string, readonly Measurement[][]>,
): WorkloadReport[] {
  return rowsOf(workload).flatMap((row, index) => {
    const summaries = [...measurements].flatMap(([name, runs]) => {
      const ofRow = runs.map((run) => run[index]).filter((each) => each !== undefined);
      return ofRow.length === 0 ? [] : [summarize(name, ofRow)];
    });
    return summaries.length === 0 ? [] : [{ workload: row, summaries }];
  });
}

/** A broker that was started is started again before a backlog, so that its memory is that of the backlog alone. */
async function targetFor(broker: BenchBroker, workload: Workload): Promise<BrokerTarget> {
  if (broker.server !== undefined && workload.backlogCount !== undefined) {
    await broker.server.restart();
  }
  return broker.target();
}

/** Our broker first, the reference last. */
async function startBrokers(directory: string): Promise<StartedBroker[]> {
  const file = ['--storage', 'file', '--data-dir', join(directory, 'data')];
  const brokers = [
    startedBroker(LEVERET, await startLeveret({ projectRoot: PROJECT_ROOT, args: file })),
    startedBroker(
      `${LEVERET}, memory`,
      await startLeveret({ projectRoot: PROJECT_ROOT, args: ['--storage', 'memory'] }),
    ),
  ];
  if (!rabbitmqInstalled()) {
    console.error(
      'bench: RabbitMQ is not installed (Debian package rabbitmq-server), so there is nothing to compare with',
    );
    return brokers;
  }
  try {
    return [...brokers, startedBroker(RABBITMQ, await startRabbitmq())];
  } catch (error) {
    for (const { server } of brokers) {
      await server.close();
    }
    throw error;
  }
}

function startedBroker(name: string, server: Server): StartedBroker {
  const target = (): BrokerTarget => {
    const { host, port, pid } = server;
    return { name, host, port, pid: hasProc() ? pid : undefined };
  };
  return { name, server, target };
}

function runningBroker(given: BrokerTarget): BenchBroker {
  const target = withPid(given);
  return { name: target.name, server: undefined, target: () => target };
}

function withPid(target: BrokerTarget): BrokerTarget {
  const pid = target.pid ?? (hasProc() ? listeningPid(target.port) : undefined);
  if (pid === undefined) {
    console.error(
      `bench: no process of this machine listens on port ${target.port}, so the CPU of ${target.name} is left out`,
    );
  }
  return { ...target, pid };
}

function progress(
  workload: Workload,
  run: string,
  target: BrokerTarget,
  measured: readonly Measurement[],
): string {
  const figures = measured.map(({ messagesPerSecond, cpuMicroseconds, peakRssBytes }) => {
    const rate = `${Math.round(messagesPerSecond).toLocaleString('en-US')}/s`;
    const cpu = cpuMicroseconds === undefined ? '' : `, ${cpuMicroseconds.toFixed(2)} us CPU`;
    const rss = peakRssBytes === undefined ? '' : `, ${(peakRssBytes / 1e6).toFixed(0)} MB`;
    return `${rate}${cpu}${rss}`;
  });
  return `${workload.name} ${run} ${target.name}: ${figures.join('; ') || 'left out: it needs a C compiler'}`;
}

/** Lines that say how, where and what was measured. */
function footer(
  options: BenchOptions,
  generator: LoadGenerator,
  started: readonly StartedBroker[],
): string[] {
  const versions = new Set(started.map(({ server }) => `${server.product} ${server.version}`));
  const runs = options.runs === 1 ? 'one run' : `medians of ${options.runs} runs`;
  const backlogRuns = options.runs > BACKLOG_RUNS_MAX ? ` (F: ${BACKLOG_RUNS_MAX})` : '';
  return [
    `${runs}${backlogRuns} of ${options.seconds} s, generator ${generator.name}`,
    `${cpus().length} cores, ${cpus()[0]?.model ?? 'unknown processor'}, Node.js ${process.versions.node}`,
    ...(versions.size === 0 ? [] : [[...versions].join(', ')]),
  ];
}

process.exitCode = await main(process.argv.slice(2));
