import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { StartedProcess } from './child-process.ts';
import { chosenStorage } from './chosen-storage.ts';
import type { Server } from './server.ts';

const PROJECT_ROOT = fileURLToPath(new URL('../../', import.meta.url));
const START_MS = 20_000;

export interface LeveretOptions {
  /** AMQP port; any free one if absent. */
  readonly port?: number;
  /** Keeps messages there, on disk; in memory if absent, unless the suite chose otherwise. */
  readonly dataDir?: string;
  /** More arguments of `leveret serve`. */
  readonly args?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Of Node.js itself. */
  readonly nodeArgs?: readonly string[];
  /** The project's root, whose `dist` is run. Needed only by callers that are not run from the source tree. */
  readonly projectRoot?: string;
}

/** Starts the built broker as a user starts it, in a process of its own. */
export async function startLeveret(options: LeveretOptions = {}): Promise<LeveretServer> {
  const main = `${options.projectRoot ?? PROJECT_ROOT}/dist/cli/main.js`;
  if (!existsSync(main)) throw new Error(`${main} does not exist: build first, with npm run build`);
  const server = new LeveretServer(main, options);
  await server.start(options.port ?? 0);
  return server;
}

/** What listens on a free HTTP port as well. */
export class LeveretServer implements Server {
  readonly product = 'Leveret';
  readonly host = '127.0.0.1';
  version = '';
  port = 0;
  /** `http://127.0.0.1:PORT`; another port after a restart. */
  httpUrl = '';
  pid = -1;
  #main: string;
  #options: LeveretOptions;
  #process: StartedProcess | undefined;
  #storage: readonly string[] | undefined;

  constructor(main: string, options: LeveretOptions) {
    this.#main = main;
    this.#options = options;
  }

  get amqpUrl(): string {
    return `amqp://guest:guest@127.0.0.1:${this.port}`;
  }

  async start(port: number): Promise<void> {
    this.#storage ??= await chosenStorage(this.#options.dataDir);
    const args = [
      ...(this.#options.nodeArgs ?? []),
      this.#main,
      'serve',
      '--amqp-port',
      String(port),
      '--http-port',
      '0',
      ...this.#storage,
      ...(this.#options.args ?? []),
    ];
    this.#process = new StartedProcess(process.execPath, args, {
      environment: this.#options.environment ?? {},
    });
    try {
      const line = await this.#process.line(/AMQP listening on amqp:\/\/127\.0\.0\.1:\d+/, {
        timeoutMs: START_MS,
      });
      this.port = Number(/127\.0\.0\.1:(\d+)/.exec(line)?.[1]);
      this.httpUrl = await this.#httpUrl();
    } catch (error) {
      await this.#process.kill();
      throw error;
    }
    this.version = /Leveret (\d\S*)/.exec(this.#process.output)?.[1] ?? '';
    this.pid = this.#process.pid;
  }

  async #httpUrl(): Promise<string> {
    const line = await this.#process?.line(/HTTP listening on http:\/\/127\.0\.0\.1:\d+/, {
      timeoutMs: START_MS,
    });
    return /http:\/\/\S+/.exec(line ?? '')?.[0] ?? '';
  }

  async restart(): Promise<void> {
    await this.#process?.stop();
    await this.start(this.port);
  }

  async close(): Promise<void> {
    const exit = await this.#process?.stop();
    if (exit === undefined || exit.code !== 0) {
      const how = exit === undefined ? 'not at all within 10 s' : `with ${exit.code ?? exit.signal}`;
      throw new Error(
        `leveret serve ended ${how} after SIGTERM, expected exit code 0; its output:\n${this.#process?.output}`,
      );
    }
  }
}
