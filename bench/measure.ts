import type { BacklogGenerator, LoadGenerator } from './load-generator.ts';
import type { LoadResult } from './load-run.ts';
import type { BrokerTarget } from './options.ts';
import { cpuSeconds } from './process-cpu.ts';
import { forgetPeakMemory, processMemory } from './process-memory.ts';
import { type Measurement, microsecondsEach } from './report.ts';
import type { Workload } from './workloads.ts';

/** Runs a workload once. Returns a measurement for each of its rows; none when the generator cannot run it. */
export async function measure(
  target: BrokerTarget,
  workload: Workload,
  seconds: number,
  generator: LoadGenerator,
): Promise<Measurement[]> {
  if (workload.backlogCount === undefined) {
    return [
      await measured(target, 'delivered', (onMeasured) =>
        generator.load(target, workload, seconds, onMeasured),
      ),
    ];
  }
  return generator.backlog === undefined ? [] : measureBacklog(target, workload, generator.backlog);
}

async function measureBacklog(
  target: BrokerTarget,
  workload: Workload,
  backlog: BacklogGenerator,
): Promise<Measurement[]> {
  const filled = await measured(target, 'published', (onMeasured) =>
    backlog.fill(target, workload, onMeasured),
  );
  const drained = await measured(target, 'delivered', async (onMeasured) => {
    const result = await backlog.drain(target, workload, onMeasured);
    if (result.delivered < (workload.backlogCount ?? 0)) {
      throw new Error(`${target.name} delivered ${result.delivered} of ${workload.backlogCount} messages`);
    }
    return result;
  });
  await backlog.remove(target, workload);
  // the latency of a backlog says only how long it waited
  return [filled, { ...drained, latencyP99Ms: undefined }];
}

async function measured(
  target: BrokerTarget,
  counted: 'published' | 'delivered',
  load: (onMeasured: () => void) => Promise<LoadResult>,
): Promise<Measurement> {
  const { pid } = target;
  if (pid !== undefined) {
    forgetPeakMemory(pid);
  }
  const cpu = (): number | undefined => (pid === undefined ? undefined : cpuSeconds(pid));
  const before = cpu();
  let after: number | undefined;
  const result = await load(() => {
    after = cpu();
  });
  return {
    messagesPerSecond: counted === 'published' ? result.publishedPerSecond : result.deliveredPerSecond,
    cpuMicroseconds: microsecondsEach(before, after, result[counted]),
    latencyP99Ms: counted === 'published' ? undefined : result.latencyMs?.p99,
    peakRssBytes: pid === undefined ? undefined : processMemory(pid).peakRssBytes,
  };
}
