/**
 * npm run bench:services: services on Leveret beside BullMQ on Redis, from the first send to the last message that was handled. Server,
 * sender and worker of a contender share one core; contenders take turns, so that what else the machine does meets all of them alike.
 * Redis appends to a file that it syncs every second; Leveret confirms a message when it is synced.
 */
import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLeveret } from '../../test/servers/leveret.ts';
import { startRedis } from '../../test/servers/redis.ts';
import { cpuSeconds } from '../process-cpu.ts';
import type { ContenderResult, ContenderSpec } from './contender.ts';
import {
  readServicesBenchOptions,
  SERVICES_BENCH_HELP,
  ServicesBenchOptionError,
  type ServicesBenchOptions,
} from './options.ts';
import { type ContenderRuns, servicesReport } from './report.ts';

/** This file is run from build/bench/services. */
const PROJECT_ROOT: string = join(import.meta.dirname, '..', '..', '..');
/** Of both contenders, as `leveret up` starts services. It helps both. */
const YOUNG_GENERATION = '--max-semi-space-size=64';
const CONTENDER_PROCESS: string = join(import.meta.dirname, 'contender-process.js');
const BULLMQ_CONCURRENCIES = [1, 50, 200];
const LEVERET_CONCURRENCY = 200;

interface Contender {
  readonly name: string;
  readonly server: 'redis' | 'leveret' | 'none';
  readonly spec: Omit<ContenderSpec, 'url' | 'directory'>;
}

interface Server {
  readonly url: string;
  readonly pid: number;
  close(): Promise<void>;
}

function contenders(): Contender[] {
  return [false, true].flatMap((writes) => [...bullMqContenders(writes), ...leveretContenders(writes)]);
}

function bullMqContenders(writes: boolean): Contender[] {
  return (['one', 'bulk'] as const).flatMap((sends) =>
    BULLMQ_CONCURRENCIES.map((concurrency) => ({
      name: `BullMQ, ${sends === 'one' ? 'add' : 'addBulk'}, concurrency ${concurrency}`,
      server: 'redis' as const,
      spec: { system: 'bullmq' as const, sends, concurrency, writes },
    })),
  );
}

function leveretContenders(writes: boolean): Contender[] {
  const spec = {
    system: 'leveret' as const,
    sends: 'one' as const,
    concurrency: LEVERET_CONCURRENCY,
    writes,
  };
  return [
    { name: 'Leveret, broker over TCP', server: 'leveret', spec },
    { name: 'Leveret, broker in the process', server: 'none', spec },
  ];
}

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    console.log(SERVICES_BENCH_HELP);
    return 0;
  }
  try {
    await bench(readServicesBenchOptions(args));
    return 0;
  } catch (error) {
    if (!(error instanceof ServicesBenchOptionError)) throw error;
    console.error(`bench:services: ${error.message}`);
    return 2;
  }
}

async function bench(options: ServicesBenchOptions): Promise<void> {
  // What is started from here on inherits it.
  execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', String(options.core), String(process.pid)]);
  const chosen = contenders().filter(({ name }) => isWanted(name, options.only));
  const all: ContenderRuns[] = chosen.map(({ name, spec }) => ({ name, writes: spec.writes, runs: [] }));
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const [index, contender] of chosen.entries()) {
      const run = await measured(contender, options);
      all[index]?.runs.push(run);
      const group = contender.spec.writes ? ', with a database' : '';
      console.error(
        `round ${round}/${options.rounds} ${contender.name}${group}: ${Math.round(run.messagesPerSecond)}/s`,
      );
    }
  }
  if (options.jsonPath !== undefined) await writeFile(options.jsonPath, JSON.stringify(all, undefined, 2));
  console.log(servicesReport(all));
}

function isWanted(name: string, only: readonly string[]): boolean {
  return only.length === 0 || only.some((text) => name.includes(text));
}

async function measured(
  contender: Contender,
  options: ServicesBenchOptions,
): Promise<ContenderRuns['runs'][number]> {
  const directory = await mkdtemp(join(tmpdir(), 'leveret-bench-services-'));
  let server: Server | undefined;
  try {
    server = await startServer(contender.server, directory);
    const spec: ContenderSpec = { ...contender.spec, url: server?.url, directory };
    const { count, seconds, cpuSeconds: cpu } = await runProcess(spec, options.seconds, server?.pid);
    return { messagesPerSecond: count / seconds, cpuMicroseconds: (cpu / count) * 1e6 };
  } finally {
    await server?.close();
    await rm(directory, { recursive: true, force: true });
  }
}

async function startServer(kind: Contender['server'], directory: string): Promise<Server | undefined> {
  if (kind === 'redis') return startRedis({ appendOnly: true });
  if (kind === 'none') return undefined;
  const server = await startLeveret({ projectRoot: PROJECT_ROOT, dataDir: join(directory, 'broker') });
  return { url: server.amqpUrl, pid: server.pid, close: () => server.close() };
}

/** With the processor time of the server. */
async function runProcess(
  spec: ContenderSpec,
  seconds: number,
  serverPid: number | undefined,
): Promise<ContenderResult> {
  const child = fork(CONTENDER_PROCESS, [JSON.stringify(spec), String(seconds)], {
    execArgv: [YOUNG_GENERATION],
  });
  const serverCpu = (): number => (serverPid === undefined ? 0 : (cpuSeconds(serverPid) ?? 0));
  const exited = once(child, 'exit').then(([code]) => {
    throw new Error(`the process of ${spec.system} ended with ${String(code)} before it had a result`);
  });
  await Promise.race([once(child, 'message'), exited]);
  const before = serverCpu();
  child.send('go');
  const [result] = (await Promise.race([once(child, 'message'), exited])) as [ContenderResult];
  const after = serverCpu();
  exited.catch(() => undefined);
  if (child.exitCode === null) await once(child, 'exit');
  return { ...result, cpuSeconds: result.cpuSeconds + after - before };
}

process.exitCode = await main(process.argv.slice(2));
