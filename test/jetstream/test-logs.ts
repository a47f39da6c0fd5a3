import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { configOf, wantedStreams } from '../../src/cluster/wanted-streams.ts';
import { connectNats, type NatsConnection } from '../../src/storage/jetstream/nats-connection.ts';
import { openNatsLog } from '../../src/storage/jetstream/nats-log.ts';
import type { ReplicatedLog } from '../../src/storage/jetstream/replicated-log.ts';
import './provided-nats.ts';

/** As a cluster has them: each on three servers. */
const REPLICAS = 3;
const ANSWER_MS = 10_000;

/** Two logs that nobody wrote to yet. */
export interface TestLogs {
  readonly main: ReplicatedLog;
  readonly cold: ReplicatedLog;
  /** Removes their streams, in the background. */
  remove(): void;
}

let supply: LogSupply | undefined;

/** Logs for one broker. */
export async function newTestLogs(): Promise<TestLogs> {
  supply ??= new LogSupply(await connectNats({ servers: inject('nats').servers, onEvent: () => undefined }));
  return supply.take();
}

/** Removes what is left, and lets go of the servers. */
export async function endTestLogs(): Promise<void> {
  await supply?.close();
  supply = undefined;
}

/** Makes streams ahead: servers take 70 ms for one on three of them, because its members hold an election. */
class LogSupply {
  readonly #connection: NatsConnection;
  #next: Promise<string>;
  readonly #removals = new Set<Promise<void>>();

  constructor(connection: NatsConnection) {
    this.#connection = connection;
    this.#next = this.#make();
  }

  async take(): Promise<TestLogs> {
    const taken = this.#next;
    this.#next = this.#make();
    // Whoever takes it next hears of it.
    this.#next.catch(() => undefined);
    const cluster = await taken;
    const [main, cold] = await Promise.all([
      openNatsLog(this.#connection, cluster, 'main'),
      openNatsLog(this.#connection, cluster, 'cold'),
    ]);
    return { main, cold, remove: () => this.#removeLater(cluster) };
  }

  async close(): Promise<void> {
    this.#removeLater(await this.#next);
    await Promise.all(this.#removals);
    await this.#connection.close();
  }

  async #make(): Promise<string> {
    const cluster = `test-${randomBytes(6).toString('hex')}`;
    await this.#forEachLog(cluster, (config) =>
      this.#connection.ask(config.name, ANSWER_MS, ({ api }) => api.streams.add(config)),
    );
    return cluster;
  }

  #removeLater(cluster: string): void {
    const removal = this.#forEachLog(cluster, ({ name }) =>
      this.#connection.ask(name, ANSWER_MS, ({ api }) => api.streams.delete(name)),
    ).then(() => {
      this.#removals.delete(removal);
    });
    this.#removals.add(removal);
  }

  async #forEachLog(
    cluster: string,
    act: (config: { readonly name: string }) => Promise<unknown>,
  ): Promise<void> {
    const logs = wantedStreams(cluster).filter(({ isBucket }) => !isBucket);
    await Promise.all(logs.map((log) => act({ ...configOf(log, REPLICAS, -1), name: log.name })));
  }
}
