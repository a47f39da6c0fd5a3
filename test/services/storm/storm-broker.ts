import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, connect } from '../../../src/client/client.ts';
import { DurableLeveret } from '../../servers/durable-leveret.ts';
import { portForRestarts } from '../../servers/port-for-restarts.ts';
import { TcpProxy } from '../../servers/tcp-proxy.ts';

/** A broker on disk that is killed now and then, behind a line that is cut now and then. */
export class StormBroker {
  readonly #directory: string;
  readonly #server: DurableLeveret;
  readonly #proxy: TcpProxy;

  private constructor(directory: string, server: DurableLeveret, proxy: TcpProxy) {
    this.#directory = directory;
    this.#server = server;
    this.#proxy = proxy;
  }

  static async start(): Promise<StormBroker> {
    const directory = await mkdtemp(join(tmpdir(), 'leveret-storm-'));
    const server = new DurableLeveret({ dataDir: directory, port: await portForRestarts() });
    await server.start();
    return new StormBroker(directory, server, await TcpProxy.start(server));
  }

  get url(): string {
    return this.#proxy.amqpUrl;
  }

  cut(): void {
    this.#proxy.cut();
  }

  /** SIGKILL, and up again with what it had on disk. */
  async crash(): Promise<void> {
    await this.#server.kill();
    await this.#server.start();
  }

  /** How many messages are ready in these queues. */
  async messageCount(queues: readonly string[]): Promise<number> {
    const client: Client = await connect(`amqp://guest:guest@${this.#server.host}:${this.#server.port}`);
    const counts = await Promise.all(queues.map((queue) => client.inspect(queue)));
    await client.close();
    return counts.reduce((sum, counted) => sum + (counted?.messageCount ?? 0), 0);
  }

  async close(): Promise<void> {
    await this.#proxy.close();
    await this.#server.kill();
    await rm(this.#directory, { recursive: true, force: true });
  }
}
