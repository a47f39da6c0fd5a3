import { inject } from 'vitest';
import { configOf, wantedStreams } from '../../src/cluster/wanted-streams.ts';
import { connectNats, type NatsConnection } from '../../src/storage/jetstream/nats-connection.ts';
import { openNatsLog } from '../../src/storage/jetstream/nats-log.ts';
import type { ReplicatedLog } from '../../src/storage/jetstream/replicated-log.ts';
import { LogBehind } from './log-behind.ts';
import './provided-nats.ts';

/** As a cluster has them: each on three servers. */
const REPLICAS = 3;
const ANSWER_MS = 15_000;

/** Two logs that nobody wrote to yet. */
export interface TestLogs {
  readonly main: ReplicatedLog;
  readonly cold: ReplicatedLog;
  /** Nobody writes to them any more. */
  giveBack(): void;
}

interface Streams {
  readonly main: ReplicatedLog;
  readonly cold: ReplicatedLog;
}

let supply: LogSupply | undefined;

/** Logs for one broker. */
export async function newTestLogs(): Promise<TestLogs> {
  supply ??= new LogSupply(await connectNats({ servers: inject('nats').servers, onEvent: () => undefined }));
  return supply.take();
}

/** Lets go of the servers. */
export async function endTestLogs(): Promise<void> {
  await supply?.close();
  supply = undefined;
}

/** Streams that are used again when their broker is gone, also by the next file of tests that runs in this place. */
class LogSupply {
  readonly #connection: NatsConnection;
  readonly #free: Streams[] = [];
  #count = 0;

  constructor(connection: NatsConnection) {
    this.#connection = connection;
  }

  async take(): Promise<TestLogs> {
    const streams = this.#free.pop() ?? (await this.#open());
    const [main, cold] = await Promise.all([behindAll(streams.main), behindAll(streams.cold)]);
    return { main, cold, giveBack: () => this.#free.push(streams) };
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  async #open(): Promise<Streams> {
    const cluster = `tests-${process.env['VITEST_POOL_ID'] ?? '0'}-${this.#count++}`;
    await Promise.all(
      wantedStreams(cluster)
        .filter(({ isBucket }) => !isBucket)
        .map((wanted) => this.#make({ ...configOf(wanted, REPLICAS, -1), name: wanted.name })),
    );
    const [main, cold] = await Promise.all([
      openNatsLog(this.#connection, cluster, 'main'),
      openNatsLog(this.#connection, cluster, 'cold'),
    ]);
    return { main, cold };
  }

  /** Does nothing for a stream that is there, as it is. */
  async #make(config: { readonly name: string }): Promise<void> {
    await this.#connection.ask(config.name, ANSWER_MS, ({ api }) => api.streams.add(config));
  }
}

async function behindAll(log: ReplicatedLog): Promise<ReplicatedLog> {
  return new LogBehind(log, (await log.state()).last);
}
