/** The process of a contender: warms up, runs the workload once, and prints the result as the last line. Arguments: what it is as JSON, messages to warm up, messages. */
import type { ContenderResult, ContenderSpec, RunningContender } from './contender.ts';

const [specText = '', warmUpText, countText] = process.argv.slice(2);
const spec = JSON.parse(specText) as ContenderSpec;
const [warmUpCount, count] = [Number(warmUpText), Number(countText)];

const contender = await startContender();
await contender.run(0, warmUpCount);
// Who started this process looks at the processor time of the server now, and says when it has.
await new Promise((resolve) => {
  process.once('message', resolve);
  process.send?.('warm');
});
const cpuBefore = process.cpuUsage();
const startMs = performance.now();
await contender.run(warmUpCount, count);
const seconds = (performance.now() - startMs) / 1000;
const { user, system } = process.cpuUsage(cpuBefore);
process.send?.({ seconds, cpuSeconds: (user + system) / 1e6 } satisfies ContenderResult);
await contender.close();
process.disconnect?.();

/** The other one is not loaded. */
async function startContender(): Promise<RunningContender> {
  if (spec.system === 'bullmq') return (await import('./bull-mq.ts')).startBullMq(spec);
  return (await import('./leveret-services.ts')).startLeveretServices(spec);
}
