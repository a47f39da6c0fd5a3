import { join } from 'node:path';
import { compileAmqpload } from './amqpload.ts';
import { type LoadResult, runLoad } from './load-run.ts';
import type { BrokerTarget } from './options.ts';
import type { Workload } from './workloads.ts';

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
  const executable = compileAmqpload(projectRoot, directory);
  if (executable === undefined) {
    return perfGenerator(projectRoot);
  }
  return {
    name: 'amqpload',
    load: (target, workload, seconds, onMeasured) =>
      runLoad(executable, amqploadArguments(target, workload, seconds), onMeasured),
  };
}

function perfGenerator(projectRoot: string): LoadGenerator {
  const main = join(projectRoot, 'dist', 'cli', 'main.js');
  return {
    name: 'leveret perf (no C compiler was found)',
    load: (target, workload, seconds, onMeasured) =>
      runLoad(process.execPath, [main, ...perfArguments(target, workload, seconds)], onMeasured),
  };
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
