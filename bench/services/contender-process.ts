/**
 * The process of a contender: warms up, runs the workload for some seconds, and tells the result. Arguments: what it is as JSON, and
 * the seconds.
 */
import type { ContenderResult, ContenderSpec, RunningContender } from './contender.ts';

/** What is sent at a time while it warms up. */
const WARM_UP_COUNT = 1_000;

const [specText = '', secondsText] = process.argv.slice(2);
const spec = JSON.parse(specText) as ContenderSpec;
const wantedSeconds = Number(secondsText);
let first = 0;

const contender = await startContender();
const count = Math.max(WARM_UP_COUNT, Math.round((await warmRate()) * wantedSeconds));
// Who started this process looks at the processor time of the server now, and says when it has.
await new Promise((resolve) => {
  process.once('message', resolve);
  process.send?.('warm');
});
const cpuBefore = process.cpuUsage();
const seconds = await timed(count);
const { user, system } = process.cpuUsage(cpuBefore);
process.send?.({ count, seconds, cpuSeconds: (user + system) / 1e6 } satisfies ContenderResult);
await contender.close();
process.disconnect?.();

async function timed(messages: number): Promise<number> {
  const startMs = performance.now();
  await contender.run(first, messages);
  first += messages;
  return (performance.now() - startMs) / 1000;
}

/** Messages a second, once it has run as long as it is to be measured. */
async function warmRate(): Promise<number> {
  const untilMs = performance.now() + wantedSeconds * 1000;
  let rate = WARM_UP_COUNT / (await timed(WARM_UP_COUNT));
  while (performance.now() < untilMs) rate = WARM_UP_COUNT / (await timed(WARM_UP_COUNT));
  return rate;
}

/** The other one is not loaded. */
async function startContender(): Promise<RunningContender> {
  if (spec.system === 'bullmq') return (await import('./bull-mq.ts')).startBullMq(spec);
  return (await import('./leveret-services.ts')).startLeveretServices(spec);
}
