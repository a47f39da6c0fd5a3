import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { describe, test } from 'vitest';
import { StartedProcess } from './child-process.ts';
import { portForRestarts } from './port-for-restarts.ts';

/** Where `npm run fetch-nats` puts it. Found from the source tree and, one folder deeper, from what is compiled of it. */
const NATS_PROGRAMS = ['../../', '../../../'].map((root) =>
  join(import.meta.dirname, root, '.cache/nats-server/nats-server'),
);
export const NATS_PROGRAM: string =
  NATS_PROGRAMS.find((path) => existsSync(path)) ?? (NATS_PROGRAMS[0] as string);
const NEED = 'needs a nats-server: npm run fetch-nats';
const START_MS = 30_000;
const ASK_AGAIN_MS = 20;

export interface NatsClusterOptions {
  /** How many servers. Three unless given. */
  readonly servers?: number;
  /** What syncs. `always` unless given, which is what Leveret asks for. */
  readonly syncInterval?: string;
  /** More lines for the configuration of each server, by its number, from 0. */
  readonly configuration?: (server: number) => readonly string[];
}

/** Servers of NATS with JetStream on loopback, each a process of its own, called n1, n2, n3. They are numbered from 0. */
export interface NatsCluster {
  readonly size: number;
  /** `nats://127.0.0.1:PORT` of each. */
  readonly urls: readonly string[];
  /** `http://127.0.0.1:PORT` of each. */
  readonly monitorUrls: readonly string[];
  readonly names: readonly string[];
  /** Of the process of a server; -1: it does not run. */
  pid(server: number): number;
  /** Ends it as a power cut would, but for what the kernel still writes. */
  kill(server: number): Promise<void>;
  /** Stops it as an operator would. */
  stop(server: number): Promise<void>;
  /** Stands still (SIGSTOP) until `resume`. */
  pause(server: number): void;
  resume(server: number): void;
  /** Starts it on its data; it must not run. Resolves when there is a leader. */
  start(server: number): Promise<void>;
  /** The number of the server that leads `stream`; undefined: none does. */
  leaderOf(stream: string): Promise<number | undefined>;
  /** Makes the leader of `stream` give way to another. Whether there was one to do so. */
  stepDown(stream: string): Promise<boolean>;
  close(): Promise<void>;
}

export function natsInstalled(): boolean {
  return existsSync(NATS_PROGRAM);
}

/** Like vitest's `describe`, for what needs nats-servers; skipped where there is no program, and in CI (`LEVERET_CI=1`) a failure. */
export function describeWithNats(title: string, suite: () => void): void {
  if (natsInstalled()) {
    describe(title, suite);
  } else if (process.env['LEVERET_CI'] === '1') {
    test(`${title}: ${NEED}`, () => {
      throw new Error(`${NATS_PROGRAM} is absent: npm run fetch-nats`);
    });
  } else {
    test.skip(`${title}: ${NEED}`);
  }
}

/** Starts a cluster on free ports of loopback; everything it writes is in a temporary directory. Resolves when it has a leader. */
export async function startNatsCluster(options: NatsClusterOptions = {}): Promise<NatsCluster> {
  if (!natsInstalled()) throw new Error(`${NATS_PROGRAM} is absent: npm run fetch-nats`);
  const directory = await mkdtemp(join(tmpdir(), 'leveret-nats-'));
  const cluster = new LoopbackCluster(directory, await freePorts(options.servers ?? 3), options);
  try {
    await cluster.begin();
  } catch (error) {
    await cluster.close();
    throw error;
  }
  return cluster;
}

interface Ports {
  readonly client: number;
  readonly cluster: number;
  readonly monitor: number;
}

async function freePorts(servers: number): Promise<Ports[]> {
  const ports = new Set<number>();
  while (ports.size < servers * 3) ports.add(await portForRestarts());
  const list = [...ports];
  return Array.from({ length: servers }, (_, server) => {
    const [client = 0, cluster = 0, monitor = 0] = list.slice(server * 3);
    return { client, cluster, monitor };
  });
}

class LoopbackCluster implements NatsCluster {
  readonly #directory: string;
  readonly #ports: readonly Ports[];
  readonly #options: NatsClusterOptions;
  readonly #processes: (StartedProcess | undefined)[];
  #admin: NatsConnection | undefined;

  constructor(directory: string, ports: readonly Ports[], options: NatsClusterOptions) {
    this.#directory = directory;
    this.#ports = ports;
    this.#options = options;
    this.#processes = ports.map(() => undefined);
  }

  get size(): number {
    return this.#ports.length;
  }

  get urls(): readonly string[] {
    return this.#ports.map(({ client }) => `nats://127.0.0.1:${client}`);
  }

  get monitorUrls(): readonly string[] {
    return this.#ports.map(({ monitor }) => `http://127.0.0.1:${monitor}`);
  }

  get names(): readonly string[] {
    return this.#ports.map((_, server) => `n${server + 1}`);
  }

  async begin(): Promise<void> {
    for (const [server, name] of this.names.entries()) {
      await mkdir(join(this.#directory, name));
      await writeFile(this.#configurationOf(server), this.#linesFor(server).join('\n'));
    }
    await Promise.all(this.#ports.map((_, server) => this.start(server)));
  }

  pid(server: number): number {
    return this.#processes[server]?.pid ?? -1;
  }

  async kill(server: number): Promise<void> {
    await this.#processes[server]?.kill();
    this.#processes[server] = undefined;
  }

  async stop(server: number): Promise<void> {
    await this.#processes[server]?.stop();
    this.#processes[server] = undefined;
  }

  pause(server: number): void {
    process.kill(this.pid(server), 'SIGSTOP');
  }

  resume(server: number): void {
    process.kill(this.pid(server), 'SIGCONT');
  }

  async start(server: number): Promise<void> {
    const started = new StartedProcess(NATS_PROGRAM, ['-c', this.#configurationOf(server)]);
    this.#processes[server] = started;
    await started.line(/Server is ready/, { timeoutMs: START_MS });
    await this.#seesLeader(server);
  }

  async leaderOf(stream: string): Promise<number | undefined> {
    const answer = await this.#request(`$JS.API.STREAM.INFO.${stream}`);
    const leader = (answer as { cluster?: { leader?: string } } | undefined)?.cluster?.leader;
    return leader === undefined ? undefined : this.names.indexOf(leader);
  }

  async stepDown(stream: string): Promise<boolean> {
    const answer = await this.#request(`$JS.API.STREAM.LEADER.STEPDOWN.${stream}`);
    return (answer as { success?: boolean } | undefined)?.success === true;
  }

  async close(): Promise<void> {
    await this.#admin?.close();
    await Promise.all(this.#processes.map((started) => started?.kill()));
    await rm(this.#directory, { recursive: true, force: true, maxRetries: 3 });
  }

  /** Undefined: nobody answered. */
  async #request(subject: string): Promise<unknown> {
    // It reconnects by itself, which is good enough here.
    this.#admin ??= await connect({
      servers: [...this.urls],
      maxReconnectAttempts: -1,
      reconnectTimeWait: 50,
    });
    try {
      return (await this.#admin.request(subject, '', { timeout: 1_000 })).json();
    } catch {
      return undefined;
    }
  }

  async #seesLeader(server: number): Promise<void> {
    const url = `${this.monitorUrls[server]}/jsz`;
    const untilMs = performance.now() + START_MS;
    for (;;) {
      const answer = (await (await fetch(url)).json()) as { meta_cluster?: { leader?: string } };
      if (this.size === 1 || (answer.meta_cluster?.leader ?? '') !== '') return;
      if (performance.now() > untilMs)
        throw new Error(`${this.names[server]} saw no leader in ${START_MS} ms`);
      // There is no event to wait for in another program: ask again.
      await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
    }
  }

  #configurationOf(server: number): string {
    return join(this.#directory, `${this.names[server]}.conf`);
  }

  #linesFor(server: number): string[] {
    const { client, cluster, monitor } = this.#ports[server] as Ports;
    const name = this.names[server];
    const routes = this.#ports.map((each) => `nats://127.0.0.1:${each.cluster}`).join(', ');
    return [
      `server_name: ${name}`,
      `listen: 127.0.0.1:${client}`,
      `http: 127.0.0.1:${monitor}`,
      `jetstream { store_dir: ${join(this.#directory, `${name}`)}, sync_interval: ${this.#options.syncInterval ?? 'always'} }`,
      ...(this.size > 1 ? [`cluster { name: test, listen: 127.0.0.1:${cluster}, routes: [${routes}] }`] : []),
      ...(this.#options.configuration?.(server) ?? []),
      '',
    ];
  }
}
