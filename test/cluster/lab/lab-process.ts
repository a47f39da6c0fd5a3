import { writeFile } from 'node:fs/promises';
import { type Exit, StartedProcess } from '../../servers/child-process.ts';
import type { LabNetwork } from './lab-network.ts';

const STOP_MS = 30_000;
const LAST_LINES = 5;

/** A program on a host of the network that is killed, paused and started again. */
export class LabProcess {
  readonly host: string;
  readonly #network: LabNetwork;
  readonly #command: readonly string[];
  #started: StartedProcess | undefined;
  /** The one that runs, and those before. */
  readonly #lives: StartedProcess[] = [];
  #isPaused = false;
  #death: string | undefined;

  constructor(network: LabNetwork, host: string, command: readonly string[]) {
    this.#network = network;
    this.host = host;
    this.#command = command;
  }

  /** How it ended without being told to, with what it printed; undefined: it did not. */
  get death(): string | undefined {
    return this.#death;
  }

  launch(): void {
    if (this.#started !== undefined) return;
    const [command, ...args] = [...this.#network.prefix(this.host), ...this.#command];
    const started = new StartedProcess(command as string, args);
    this.#started = started;
    this.#lives.push(started);
    this.#isPaused = false;
    void started.exited.then((exit) => {
      if (this.#started !== started) return;
      const last = started.lines.slice(-LAST_LINES).join('\n');
      this.#death = `${this.host} ended by itself, with ${exit.code ?? exit.signal}:\n${last}`;
    });
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    await this.#letGo()?.kill();
  }

  /** SIGTERM, and what came of it. */
  async stop(): Promise<Exit | undefined> {
    return this.#letGo()?.stop(STOP_MS);
  }

  /** SIGSTOP: it does nothing any more, and its connections stay open. */
  pause(): void {
    this.#signal('SIGSTOP');
    this.#isPaused = true;
  }

  /** SIGCONT. */
  resume(): void {
    if (this.#isPaused) this.#signal('SIGCONT');
    this.#isPaused = false;
  }

  async writeLog(path: string): Promise<void> {
    await writeFile(
      path,
      this.#lives.map(({ output }) => output).join(`\n---- ${this.host} is started again\n`),
    );
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.#started === undefined)
      throw new Error(`${this.host} does not run: it cannot be sent ${signal}`);
    process.kill(this.#started.pid, signal);
  }

  /** What happens to it from now on is meant to. */
  #letGo(): StartedProcess | undefined {
    const started = this.#started;
    this.#started = undefined;
    return started;
  }
}
