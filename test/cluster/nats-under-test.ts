import { afterAll, afterEach, beforeAll } from 'vitest';
import { initCluster } from '../../src/cluster/cluster-init.ts';
import {
  connectNats,
  type NatsConnection,
  type NatsOptions,
} from '../../src/storage/jetstream/nats-connection.ts';
import { type NatsCluster, type NatsClusterOptions, startNatsCluster } from '../servers/nats.ts';

/** Servers for all tests of a suite, and connections for each of them. */
export interface NatsUnderTest {
  readonly servers: NatsCluster;
  /** What connections reported since the test began. */
  readonly events: readonly string[];
  connect(options?: Partial<NatsOptions>): Promise<NatsConnection>;
  /** The name of a cluster that has its streams and its bucket, and was not used before. */
  newCluster(connection: NatsConnection): Promise<string>;
  /** Starts servers that a test ended, and lets go on those that it paused. */
  heal(): Promise<void>;
}

/** To be called in a suite: starts the servers before it, ends them behind it, and closes connections behind each test. */
export function natsUnderTest(options: NatsClusterOptions = {}): NatsUnderTest {
  const state = new State();
  beforeAll(async () => {
    state.started = await startNatsCluster(options);
  });
  afterEach(() => state.endTest());
  afterAll(() => state.started?.close());
  return state;
}

class State implements NatsUnderTest {
  started: NatsCluster | undefined;
  readonly events: string[] = [];
  #connections: NatsConnection[] = [];
  #clusters = 0;

  get servers(): NatsCluster {
    if (this.started === undefined) throw new Error('the servers are not started yet');
    return this.started;
  }

  async connect(options: Partial<NatsOptions> = {}): Promise<NatsConnection> {
    const onEvent = ({ text }: { text: string }): void => void this.events.push(text);
    const connection = await connectNats({ servers: this.servers.urls, onEvent, ...options });
    this.#connections.push(connection);
    return connection;
  }

  async newCluster(connection: NatsConnection): Promise<string> {
    this.#clusters += 1;
    const cluster = `test-${this.#clusters}`;
    await initCluster(connection, { cluster, replicas: this.servers.size });
    return cluster;
  }

  async heal(): Promise<void> {
    for (let server = 0; server < this.servers.size; server++) {
      if (this.servers.pid(server) === -1) await this.servers.start(server);
      else this.servers.resume(server);
    }
  }

  async endTest(): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.close()));
    this.#connections = [];
    this.events.length = 0;
    await this.heal();
  }
}

/** Waits until `holds` does. There is no event to wait for in other programs: it is asked again and again. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  withinMs = 30_000,
): Promise<void> {
  const untilMs = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > untilMs) throw new Error(`${what}: not within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
