import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { PerfResult } from '../src/cli/perf-report.ts';
import type { BrokerTarget } from './options.ts';
import type { Workload } from './workloads.ts';

/** What a run of either generator reports: the part of `leveret perf --json` that amqpload prints, too. */
export type LoadResult = Pick<
  PerfResult,
  'seconds' | 'published' | 'delivered' | 'confirmed' | 'deliveredPerSecond' | 'latencyMs' | 'confirmMs'
>;

/** Loads a broker for some seconds. */
export interface LoadGenerator {
  readonly name: string;
  /** `onMeasured` is called when the load is over; the generator then still waits for what is under way, and cleans up. */
  load(
    target: BrokerTarget,
    workload: Workload,
    seconds: number,
    onMeasured: () => void,
  ): Promise<LoadResult>;
}

/**
 * amqpload, compiled into `directory`, or `leveret perf` where there is no C compiler. The latter needs more processor time
 * per message, and so it measures itself rather than a fast broker.
 */
export function loadGenerator(projectRoot: string, directory: string): LoadGenerator {
  const executable = join(directory, 'amqpload');
  const source = join(projectRoot, 'bench', 'amqpload.c');
  const compiler = process.env['CC'] ?? 'gcc';
  const compiled = spawnSync(compiler, ['-O2', '-pthread', '-o', executable, source], { encoding: 'utf8' });
  if (compiled.error !== undefined) {
    return perfGenerator(projectRoot);
  }
  if (compiled.status !== 0) {
    throw new Error(`${compiler} cannot compile ${source}:\n${compiled.stderr}`);
  }
  return {
    name: 'amqpload',
    load: (target, workload, seconds, onMeasured) =>
      measured(executable, amqploadArguments(target, workload, seconds), onMeasured),
  };
}

function perfGenerator(projectRoot: string): LoadGenerator {
  const main = join(projectRoot, 'dist', 'cli', 'main.js');
  return {
    name: 'leveret perf (no C compiler was found)',
    load: (target, workload, seconds, onMeasured) =>
      measured(process.execPath, [main, ...perfArguments(target, workload, seconds)], onMeasured),
  };
}

async function measured(
  command: string,
  args: readonly string[],
  onMeasured: () => void,
): Promise<LoadResult> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  child.stdout.once('data', onMeasured);
  child.stdout.on('data', (chunk: Uint8Array) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Uint8Array) => (errors += chunk.toString()));
  const [code] = await once(child, 'close');
  if (code !== 0) {
    throw new Error(`${command} ended with exit code ${code}:
${errors}`);
  }
  return JSON.parse(output) as LoadResult;
}

function amqploadArguments(target: BrokerTarget, workload: Workload, seconds: number): string[] {
  return [
    ...['-h', target.host, '-p', String(target.port), '-q', queueName(workload), '-d', String(seconds)],
    ...['-P', String(workload.producerCount), '-C', String(workload.consumerCount)],
    ...['-s', String(workload.bodyBytes), '-w', String(workload.confirmWindow)],
    ...['-f', String(workload.prefetchCount)],
    ...(workload.persistent ? ['-D'] : []),
  ];
}

function perfArguments(target: BrokerTarget, workload: Workload, seconds: number): string[] {
  return [
    ...['perf', '--json', '--url', `amqp://${target.host}:${target.port}`, '--duration', String(seconds)],
    ...['--producers', String(workload.producerCount), '--consumers', String(workload.consumerCount)],
    ...['--size', String(workload.bodyBytes), '--confirms', String(workload.confirmWindow)],
    ...['--prefetch', String(workload.prefetchCount)],
    ...(workload.persistent ? ['--persistent'] : []),
  ];
}

/** One queue per workload: they differ in durability. */
function queueName(workload: Workload): string {
  return `bench-${workload.name.toLowerCase()}`;
}
