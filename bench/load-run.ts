import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { PerfResult } from '../src/cli/perf-report.ts';

/** What a run of either generator reports: the part of `leveret perf --json` that amqpload prints, too. */
export type LoadResult = Pick<
  PerfResult,
  | 'seconds'
  | 'published'
  | 'delivered'
  | 'confirmed'
  | 'publishedPerSecond'
  | 'deliveredPerSecond'
  | 'latencyMs'
  | 'confirmMs'
>;

/** Runs a load generator that prints a `LoadResult` as JSON. `onMeasured` is called when it begins to print. */
export async function runLoad(
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
    throw new Error(`${command} ended with exit code ${code}:\n${errors}`);
  }
  return JSON.parse(output) as LoadResult;
}
