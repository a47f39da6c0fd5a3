/** npm run bench:limits: memory, backlog, latency and scale, each beside what docs/performance.md promises. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { BenchOptionError } from '../options.ts';
import { hasProc } from '../process-cpu.ts';
import { measureBacklog } from './backlog.ts';
import { type Check, type LimitPart, limitsTable, missed, verdict } from './check.ts';
import { measureFileBacklog } from './file-backlog.ts';
import { measureHttpPublish } from './http-publish.ts';
import { measureLatency } from './latency.ts';
import { LimitsBench } from './limits-bench.ts';
import { measureManagementLists } from './management-lists.ts';
import { measureIdle, measureManyConnections } from './many-connections.ts';
import { measureManyQueues } from './many-queues.ts';
import { measureMetrics } from './metrics.ts';
import { LIMITS_HELP, type LimitsOptions, readLimitsOptions } from './options.ts';
import { measureStatistics } from './statistics-cost.ts';

/** This file is run from build/bench/limits. */
const PROJECT_ROOT: string = join(import.meta.dirname, '..', '..', '..');

const MEASURES: Readonly<Record<LimitPart, (bench: LimitsBench) => Promise<Check[]>>> = {
  backlog: measureBacklog,
  'file-backlog': measureFileBacklog,
  latency: measureLatency,
  scale: measureScale,
  management: measureManagementLists,
  metrics: measureMetrics,
  http: measureHttpPublish,
  statistics: measureStatistics,
};

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    console.log(LIMITS_HELP);
    return 0;
  }
  try {
    return await measureLimits(readLimitsOptions(args));
  } catch (error) {
    if (error instanceof BenchOptionError) {
      console.error(`bench:limits: ${error.message}`);
      return 2;
    }
    throw error;
  }
}

/** Returns the exit code. */
async function measureLimits(options: LimitsOptions): Promise<number> {
  if (!hasProc()) {
    throw new BenchOptionError(
      'memory and processor time are read from /proc, which this system lacks; use Linux',
    );
  }
  const checks = await measureParts(options.parts);
  console.log(`\n${limitsTable(checks)}\n`);
  console.log(
    `${cpus().length} cores, ${cpus()[0]?.model ?? 'unknown processor'}, Node.js ${process.versions.node}`,
  );
  if (options.jsonPath !== undefined) {
    const results = checks.map((check) => ({ ...check, verdict: verdict(check) }));
    await writeFile(options.jsonPath, `${JSON.stringify(results, undefined, 2)}\n`);
  }
  return missed(checks, options.strict).length > 0 ? 1 : 0;
}

async function measureParts(parts: readonly LimitPart[]): Promise<Check[]> {
  const directory = await mkdtemp(join(tmpdir(), 'leveret-bench-'));
  const bench = new LimitsBench(PROJECT_ROOT, directory);
  const checks: Check[] = [];
  try {
    for (const part of parts) {
      const startedMs = performance.now();
      checks.push(...(await MEASURES[part](bench)));
      console.error(`${part}: measured in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
  return checks;
}

/** A broker of its own for each, so that none measures what another left behind. */
async function measureScale(bench: LimitsBench): Promise<Check[]> {
  return [
    ...(await bench.withBroker('memory', measureManyQueues)),
    ...(await bench.withBroker('memory', measureManyConnections)),
    ...(await bench.withBroker('memory', measureIdle)),
  ];
}

process.exitCode = await main(process.argv.slice(2));
