import { writeFile } from 'node:fs/promises';
import { type Exit, StartedProcess } from '../../servers/child-process.ts';
import type { LabNetwork } from './lab-network.ts';

const STOP_MS = 30_000;

/** A program on a host of the network that is killed, paused and started again. */
export class LabProcess {
  readonly host: string;
  readonly #network: LabNetwork;
  readonly #command: readonly string[];
  #started: StartedProcess | undefined;
  /** What its earlier lives printed. */
  #output: string[] = [];
  #isPaused = false;

  constructor(network: LabNetwork, host: string, command: readonly string[]) {
    this.#network = network;
    this.host = host;
    this.#command = command;
  }

  get isRunning(): boolean {
    return this.#started !== undefined;
  }

  launch(): void {
    if (this.#started !== undefined) return;
    const [command, ...args] = [...this.#network.prefix(this.host), ...this.#command];
    this.#started = new StartedProcess(command as string, args);
    this.#isPaused = false;
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    await this.#started?.kill();
    this.#forget('was killed');
  }

  /** SIGTERM, and what came of it. */
  async stop(): Promise<Exit | undefined> {
    const exit = await this.#started?.stop(STOP_MS);
    this.#forget(`ended with ${exit?.code ?? exit?.signal ?? 'nothing'}`);
    return exit;
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

  /** Resolves when a line with `text` is printed in this life. */
  async line(text: string | RegExp): Promise<string> {
    if (this.#started === undefined) throw new Error(`${this.host} does not run`);
    return this.#started.line(text);
  }

  async writeLog(path: string): Promise<void> {
    await writeFile(path, [...this.#output, ...(this.#started?.lines ?? [])].join('\n'));
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.#started === undefined)
      throw new Error(`${this.host} does not run: it cannot be sent ${signal}`);
    process.kill(this.#started.pid, signal);
  }

  #forget(how: string): void {
    if (this.#started !== undefined) this.#output.push(...this.#started.lines, `---- ${this.host} ${how}`);
    this.#started = undefined;
  }
}
