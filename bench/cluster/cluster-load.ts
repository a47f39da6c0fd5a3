import { runLoad } from '../load-run.ts';
import { cpuSeconds } from '../process-cpu.ts';
import { microsecondsEach } from '../report.ts';
import type { Workload } from '../workloads.ts';
import type { ClusterSide, Entrance } from './cluster-side.ts';

/** One run of one load on one side. */
export interface ClusterMeasurement {
  readonly messagesPerSecond: number;
  /** Processor time of all processes of the side, per delivered message. */
  readonly cpuMicroseconds: number | undefined;
  readonly confirmP50Ms: number | undefined;
  readonly confirmP99Ms: number | undefined;
}

/** What a load is, and at which rate it is sent: 0 is full speed. */
export interface ClusterLoad {
  readonly workload: Workload;
  readonly rate: number;
}

const QUEUE = 'bench-cluster';

/** Runs a load once. The queue is declared at the owner, so that it lives there, wherever the load enters. */
export async function measureCluster(
  amqpload: string,
  side: ClusterSide,
  entrance: Entrance,
  { workload, rate }: ClusterLoad,
  seconds: number,
): Promise<ClusterMeasurement> {
  const queue = ['-q', QUEUE, '-D', ...(side.queueType === undefined ? [] : ['-x', side.queueType])];
  const owner = ['-p', String(await side.port('owner')), ...queue];
  await runLoad(amqpload, [...owner, '-k', '-P', '0', '-C', '0', '-d', '0'], () => undefined);
  const before = cpuOf(side);
  let after: number | undefined;
  const result = await runLoad(
    amqpload,
    [
      ...['-p', String(await side.port(entrance)), ...queue, '-d', String(seconds)],
      ...['-P', String(workload.producerCount), '-C', String(workload.consumerCount)],
      ...['-s', String(workload.bodyBytes), '-w', String(workload.confirmWindow)],
      ...['-f', String(workload.prefetchCount), '-r', String(rate)],
    ],
    () => (after = cpuOf(side)),
  );
  return {
    messagesPerSecond: result.deliveredPerSecond,
    cpuMicroseconds: microsecondsEach(before, after, result.delivered),
    confirmP50Ms: result.confirmMs?.p50,
    confirmP99Ms: result.confirmMs?.p99,
  };
}

/** Undefined when a process is gone, or cannot be seen. */
function cpuOf(side: ClusterSide): number | undefined {
  let sum = 0;
  for (const pid of side.pids()) {
    const seconds = cpuSeconds(pid);
    if (seconds === undefined) return undefined;
    sum += seconds;
  }
  return sum;
}
