import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type LeveretServer, startLeveret } from '../../test/servers/leveret.ts';
import type { Server } from '../../test/servers/server.ts';
import { compileAmqpload } from '../amqpload.ts';
import { type LoadResult, runLoad } from '../load-run.ts';
import { cpuSeconds } from '../process-cpu.ts';
import { microsecondsEach } from '../report.ts';

/** A load, with what it cost the broker. */
export interface Load extends LoadResult {
  /** Processor time of the broker for each message that was published, or else delivered. */
  readonly cpuMicroseconds: number;
}

/** What the parts measure with: brokers of their own, and the load generator. */
export class LimitsBench {
  readonly #projectRoot: string;
  readonly #directory: string;
  #amqpload: string | undefined;

  /** `directory` takes the data of the brokers, and the load generator when it is needed first. */
  constructor(projectRoot: string, directory: string) {
    this.#projectRoot = projectRoot;
    this.#directory = directory;
  }

  /**
   * Starts a broker as a user does, without anything in it, and stops it when `measure` is through. `options`: more of
   * `leveret serve`.
   */
  async withBroker<T>(
    storage: 'file' | 'memory',
    measure: (server: LeveretServer) => Promise<T>,
    options: readonly string[] = [],
  ): Promise<T> {
    const dataDir = await mkdtemp(join(this.#directory, 'data-'));
    const args = ['--storage', storage, '--data-dir', dataDir, ...options];
    const server = await startLeveret({ projectRoot: this.#projectRoot, args });
    try {
      return await measure(server);
    } finally {
      await server.close();
      await rm(dataDir, { recursive: true, force: true });
    }
  }

  /** Runs bench/amqpload.c with these arguments. */
  async load(server: Server, args: readonly string[]): Promise<Load> {
    const before = cpuSeconds(server.pid);
    const address = ['-h', server.host, '-p', String(server.port)];
    const result = await runLoad(this.#executable(), [...address, ...args], () => undefined);
    const messages = result.published === 0 ? result.delivered : result.published;
    const cpuMicroseconds = microsecondsEach(before, cpuSeconds(server.pid), messages) ?? Number.NaN;
    return { ...result, cpuMicroseconds };
  }

  #executable(): string {
    this.#amqpload ??= compileAmqpload(this.#projectRoot, this.#directory);
    if (this.#amqpload === undefined) {
      const source = join('bench', 'amqpload.c');
      throw new Error(`no C compiler was found for ${source}: install gcc, or name yours in the variable CC`);
    }
    return this.#amqpload;
  }
}
