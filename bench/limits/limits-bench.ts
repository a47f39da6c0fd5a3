import { join } from 'node:path';
import { startLeveret } from '../../test/servers/leveret.ts';
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

  /** The load generator is compiled into `directory` when it is needed first. */
  constructor(projectRoot: string, directory: string) {
    this.#projectRoot = projectRoot;
    this.#directory = directory;
  }

  /** Starts a broker as a user does, without anything in it, and stops it when `measure` is through. */
  async withBroker<T>(measure: (server: Server) => Promise<T>): Promise<T> {
    const server = await startLeveret({ projectRoot: this.#projectRoot });
    try {
      return await measure(server);
    } finally {
      await server.close();
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
