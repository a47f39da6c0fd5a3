import { join } from 'node:path';
import { compileAmqpload } from './amqpload.ts';
import { type LoadResult, runLoad } from './load-run.ts';
import type { BrokerTarget } from './options.ts';
import type { Workload } from './workloads.ts';

/** Loads a broker. `onMeasured` is called when a load is over; the generator then still waits for what is under way. */
export interface LoadGenerator {
  readonly name: string;
  /** Publishes and consumes for some seconds, and leaves nothing behind. */
  load(
    target: BrokerTarget,
    workload: Workload,
    seconds: number,
    onMeasured: () => void,
  ): Promise<LoadResult>;
  /** Undefined where the generator cannot do one without the other. */
  readonly backlog: BacklogGenerator | undefined;
}

/** The parts of a workload with a backlog. */
export interface BacklogGenerator {
  fill(target: BrokerTarget, workload: Workload, onMeasured: () => void): Promise<LoadResult>;
  drain(target: BrokerTarget, workload: Workload, onMeasured: () => void): Promise<LoadResult>;
  /** Deletes the queue with what is in it. */
  remove(target: BrokerTarget, workload: Workload): Promise<void>;
}

/** The slowest broker that was seen drains a million in a minute. */
const DRAIN_SECONDS_MAX = 600;

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
    load: (target, workload, seconds, onMeasured) => {
      const args = ['-d', String(seconds), ...countsOf(workload)];
      return runLoad(executable, [...amqploadArguments(target, workload), ...args], onMeasured);
    },
    backlog: backlogGenerator(executable),
  };
}

function perfGenerator(projectRoot: string): LoadGenerator {
  const main = join(projectRoot, 'dist', 'cli', 'main.js');
  return {
    name: 'leveret perf (no C compiler was found)',
    load: (target, workload, seconds, onMeasured) =>
      runLoad(process.execPath, [main, ...perfArguments(target, workload, seconds)], onMeasured),
    backlog: undefined,
  };
}

function backlogGenerator(executable: string): BacklogGenerator {
  const run = (
    target: BrokerTarget,
    workload: Workload,
    args: readonly string[],
    onMeasured: () => void,
  ): Promise<LoadResult> =>
    runLoad(executable, [...amqploadArguments(target, workload), ...args], onMeasured);
  return {
    fill: (target, workload, onMeasured) =>
      run(target, workload, ['-k', '-P', '1', '-C', '0', '-n', String(workload.backlogCount)], onMeasured),
    drain: (target, workload, onMeasured) => {
      const args = ['-k', '-P', '0', '-C', '1', '-n', String(workload.backlogCount)];
      return run(target, workload, [...args, '-d', String(DRAIN_SECONDS_MAX)], onMeasured);
    },
    remove: async (target, workload) => {
      await run(target, workload, ['-P', '0', '-C', '0', '-d', '0'], () => undefined);
    },
  };
}

function amqploadArguments(target: BrokerTarget, workload: Workload): string[] {
  return [
    ...['-h', target.host, '-p', String(target.port), '-q', queueName(workload)],
    ...['-s', String(workload.bodyBytes), '-w', String(workload.confirmWindow)],
    ...['-f', String(workload.prefetchCount)],
    ...(workload.persistent ? ['-D'] : []),
  ];
}

function countsOf(workload: Workload): string[] {
  return ['-P', String(workload.producerCount), '-C', String(workload.consumerCount)];
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
