import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Exit, StartedProcess } from './child-process.ts';
import { chosenStorage } from './chosen-storage.ts';
import { RawClient } from './raw-client.ts';

/** The built command. Found from the source tree and, one folder deeper, from what is compiled of it. */
const MAIN: string | undefined = ['../../dist/cli/main.js', '../../../dist/cli/main.js']
  .map((path) => fileURLToPath(new URL(path, import.meta.url)))
  .find((path) => existsSync(path));
const START_MS = 30_000;
const STOP_MS = 30_000;

export interface DurableLeveretOptions {
  readonly dataDir: string;
  /** AMQP port; any free one if absent. */
  readonly port?: number;
  /** More arguments of `leveret serve`. */
  readonly args?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** A command in front of the broker's, for example one that makes system calls fail. */
  readonly prefix?: readonly string[];
}

/** `leveret serve` on a data directory that outlives it: it can be killed, may fail to start, and is started again. */
export class DurableLeveret {
  readonly host = '127.0.0.1';
  /** Known after the first start. */
  port: number;
  readonly #options: DurableLeveretOptions;
  #process: StartedProcess | undefined;
  #storage: readonly string[];

  constructor(options: DurableLeveretOptions) {
    this.#options = options;
    this.port = options.port ?? 0;
    this.#storage = ['--storage', 'file', '--data-dir', options.dataDir];
  }

  /** The process that was launched last. */
  get process(): StartedProcess {
    if (this.#process === undefined) throw new Error('the broker was not launched yet');
    return this.#process;
  }

  /** Starts the process without waiting for anything. */
  launch(): StartedProcess {
    const [command, ...args] = [...(this.#options.prefix ?? []), ...this.#command()];
    const environment = this.#options.environment ?? {};
    this.#process = new StartedProcess(command as string, args, { environment });
    return this.#process;
  }

  /** Starts the process and waits until it listens; throws with its output when it ends instead. */
  async start(): Promise<void> {
    this.#storage = await chosenStorage(this.#options.dataDir);
    const started = this.launch();
    try {
      const line = await started.line(/AMQP listening on amqp:\/\/127\.0\.0\.1:\d+/, { timeoutMs: START_MS });
      this.port = Number(/127\.0\.0\.1:(\d+)/.exec(line)?.[1]);
    } catch (error) {
      await started.kill();
      throw error;
    }
  }

  /** Launches it where it is expected not to start, and returns how it ended. */
  async refusedStart(): Promise<{ readonly exit: Exit; readonly output: string }> {
    const launched = this.launch();
    const listening = launched.line(/AMQP listening on/, { timeoutMs: START_MS }).then(
      () => true,
      () => false,
    );
    const started = await listening;
    if (!started) return { exit: await launched.exited, output: launched.output };
    await launched.kill();
    throw new Error(`the broker started, and should have refused to; its output:\n${launched.output}`);
  }

  /** SIGKILL: nothing is written or closed any more. */
  async kill(): Promise<void> {
    await this.#process?.kill();
  }

  /** SIGTERM, as an operator stops it. Throws when it does not end with exit code 0. */
  async stop(): Promise<void> {
    const exit = await this.process.stop(STOP_MS);
    if (exit?.code !== 0) {
      const how = exit === undefined ? `not within ${STOP_MS} ms` : `with ${exit.code ?? exit.signal}`;
      throw new Error(`leveret serve ended ${how}, expected 0; its output:\n${this.process.output}`);
    }
  }

  connect(): Promise<RawClient> {
    return RawClient.connect({ host: this.host, port: this.port, timeoutMs: START_MS });
  }

  #command(): string[] {
    const port = ['--host', this.host, '--amqp-port', String(this.port), '--http-port', '0'];
    const args = [...port, ...this.#storage, ...(this.#options.args ?? [])];
    return [process.execPath, leveretMain(), 'serve', ...args];
  }
}

/** Runs a subcommand of `leveret` to its end. */
export async function runLeveret(
  ...args: string[]
): Promise<{ readonly exit: Exit; readonly output: string }> {
  const started = new StartedProcess(process.execPath, [leveretMain(), ...args]);
  return { exit: await started.exited, output: started.output };
}

function leveretMain(): string {
  if (MAIN === undefined) throw new Error('dist/cli/main.js does not exist: build first, with npm run build');
  return MAIN;
}
