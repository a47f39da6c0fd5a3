/**
 * npm run bench: the workloads of docs/performance.md against one or more brokers, in one go. The runs of a workload alternate
 * between the brokers, so that what else the machine does meets all of them alike.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLeveret } from '../test/servers/leveret.ts';
import { rabbitmqInstalled, startRabbitmq } from '../test/servers/rabbitmq.ts';
import type { Server } from '../test/servers/server.ts';
import { type LoadGenerator, loadGenerator } from './load-generator.ts';
import {
  BENCH_HELP,
  BenchOptionError,
  type BenchOptions,
  type BrokerTarget,
  readBenchOptions,
} from './options.ts';
import { cpuSeconds, hasProc, listeningPid } from './process-cpu.ts';
import {
  type Measurement,
  microsecondsEach,
  pageTable,
  reportTable,
  summarize,
  type WorkloadReport,
} from './report.ts';
import type { Workload } from './workloads.ts';

/** This file is run from build/bench. */
const PROJECT_ROOT: string = join(import.meta.dirname, '..', '..');

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    console.log(BENCH_HELP);
    return 0;
  }
  try {
    await bench(readBenchOptions(args));
    return 0;
  } catch (error) {
    if (error instanceof BenchOptionError) {
      console.error(`bench: ${error.message}`);
      return 2;
    }
    throw error;
  }
}

async function bench(options: BenchOptions): Promise<void> {
  if (!hasProc()) {
    console.error('bench: this system has no /proc, so processor time per message is left out');
  }
  const directory = await mkdtemp(join(tmpdir(), 'leveret-bench-'));
  const started = options.brokers.length === 0 ? await startServers() : [];
  try {
    const generator = loadGenerator(PROJECT_ROOT, directory);
    const targets = options.brokers.length === 0 ? started.map(targetOf) : options.brokers.map(withPid);
    const reports = await measureAll(options, targets, generator);
    console.log(options.markdown ? pageTable(reports) : `\n${reportTable(reports)}`);
    console.log(`\n${footer(options, generator, started)}`);
    if (options.jsonPath !== undefined) {
      await writeFile(options.jsonPath, `${JSON.stringify(reports, undefined, 2)}\n`);
    }
  } finally {
    for (const server of started) {
      await server.close();
    }
    await rm(directory, { recursive: true, force: true });
  }
}

async function measureAll(
  options: BenchOptions,
  targets: readonly BrokerTarget[],
  generator: LoadGenerator,
): Promise<WorkloadReport[]> {
  const reports: WorkloadReport[] = [];
  for (const workload of options.workloads) {
    const measurements = new Map(targets.map((target): [string, Measurement[]] => [target.name, []]));
    for (let run = 1; run <= options.runs; run += 1) {
      for (const target of targets) {
        const measurement = await measure(target, workload, options.seconds, generator);
        measurements.get(target.name)?.push(measurement);
        console.error(progress(workload, run, options.runs, target, measurement));
      }
    }
    const summaries = [...measurements].map(([name, measured]) => summarize(name, measured));
    reports.push({ workload, summaries });
  }
  return reports;
}

async function measure(
  target: BrokerTarget,
  workload: Workload,
  seconds: number,
  generator: LoadGenerator,
): Promise<Measurement> {
  const cpu = (): number | undefined => (target.pid === undefined ? undefined : cpuSeconds(target.pid));
  const before = cpu();
  let after: number | undefined;
  const result = await generator.load(target, workload, seconds, () => {
    after = cpu();
  });
  return {
    deliveredPerSecond: result.deliveredPerSecond,
    cpuMicroseconds: microsecondsEach(before, after, result.delivered),
    latencyP99Ms: result.latencyMs?.p99,
  };
}

/** Our broker first, the reference last. */
async function startServers(): Promise<Server[]> {
  const leveret = await startLeveret({ projectRoot: PROJECT_ROOT });
  if (!rabbitmqInstalled()) {
    console.error(
      'bench: RabbitMQ is not installed (Debian package rabbitmq-server), so there is nothing to compare with',
    );
    return [leveret];
  }
  try {
    return [leveret, await startRabbitmq()];
  } catch (error) {
    await leveret.close();
    throw error;
  }
}

function targetOf({ product, host, port, pid }: Server): BrokerTarget {
  return { name: product, host, port, pid: hasProc() ? pid : undefined };
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
  run: number,
  runs: number,
  target: BrokerTarget,
  measured: Measurement,
): string {
  const rate = Math.round(measured.deliveredPerSecond).toLocaleString('en-US');
  const cpu = measured.cpuMicroseconds === undefined ? '' : `, ${measured.cpuMicroseconds.toFixed(2)} us CPU`;
  return `${workload.name} run ${run}/${runs} ${target.name}: ${rate} delivered/s${cpu}`;
}

function footer(options: BenchOptions, generator: LoadGenerator, started: readonly Server[]): string {
  const versions = started.map((server) => `${server.product} ${server.version}`).join(', ');
  const machine = `${cpus().length} cores, ${cpus()[0]?.model ?? 'unknown processor'}, Node.js ${process.versions.node}`;
  const runs = options.runs === 1 ? 'one run' : `medians of ${options.runs} runs`;
  const how = `${runs} of ${options.seconds} s, generator ${generator.name}`;
  return `${how}; ${machine}${versions === '' ? '' : `; ${versions}`}`;
}

process.exitCode = await main(process.argv.slice(2));
