import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrokerAddress } from '../../src/client/client.ts';
import type { DirectConnection } from '../../src/client/direct-connection.ts';
import { type RunningBroker, startBroker } from '../../src/daemon/start-broker.ts';
import type { Footing } from './footing.ts';

/** A broker in this process, on disk, reached without a socket. */
export async function embeddedFooting(): Promise<Footing> {
  const dataDir = await mkdtemp(join(tmpdir(), 'leveret-client-'));
  const footing = new EmbeddedFooting(dataDir);
  await footing.start();
  return footing;
}

class EmbeddedFooting implements Footing {
  readonly product = 'Leveret';
  readonly #dataDir: string;
  readonly #connections: Set<DirectConnection> = new Set();
  #broker: RunningBroker | undefined;

  constructor(dataDir: string) {
    this.#dataDir = dataDir;
  }

  readonly address = (): BrokerAddress => {
    const broker = this.#broker;
    if (broker === undefined) throw new Error('the broker is not there');
    return {
      connect: async (options) => {
        const connection = await broker.connect(options);
        this.#connections.add(connection);
        connection.on('close', () => this.#connections.delete(connection));
        return connection;
      },
    };
  };

  async start(): Promise<void> {
    this.#broker = await startBroker({ amqpPort: false, dataDir: this.#dataDir });
  }

  cut(): void {
    for (const connection of this.#connections) connection.destroy();
  }

  async restart(whileGone: () => Promise<void> = async () => {}): Promise<void> {
    const broker = this.#broker;
    this.#broker = undefined;
    await broker?.close();
    await whileGone();
    await this.start();
  }

  async close(): Promise<void> {
    await this.#broker?.close();
    await rm(this.#dataDir, { recursive: true, force: true });
  }
}
