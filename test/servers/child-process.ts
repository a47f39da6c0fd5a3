import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface StartedProcessOptions {
  readonly cwd?: string;
  /** Added to (and overriding) this process' own environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Written to standard input, which is then closed. */
  readonly input?: string | Uint8Array;
}

/** How a process ended. `code` is null when a signal ended it. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

interface LineWaiter {
  matches(line: string): boolean;
  resolve(line: string): void;
}

/** Process groups that must not outlive the test run, whatever ends it. */
const runningGroups = new Set<number>();
process.on('exit', killRunningGroups);
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    killRunningGroups();
    process.kill(process.pid, signal);
  });
}

/**
 * A child process in a process group of its own, whose output (standard output and standard error together) is kept
 * line by line.
 */
export class StartedProcess {
  readonly lines: string[] = [];
  readonly pid: number;
  readonly exited: Promise<Exit>;
  #child: ChildProcess;
  #command: string;
  #exit: Exit | undefined;
  #waiters = new Set<LineWaiter>();

  constructor(command: string, args: readonly string[], options: StartedProcessOptions = {}) {
    this.#command = [command, ...args].join(' ');
    this.#child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.environment },
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.pid = this.#child.pid ?? -1;
    if (this.pid > 0) runningGroups.add(this.pid);
    this.#child.stdin?.on('error', () => this.lines.push('(standard input was closed early)'));
    this.#child.stdin?.end(options.input);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream) createInterface({ input: stream }).on('line', (line) => this.#onLine(line));
    }
    this.exited = this.#watchExit();
    // Whoever cares about a failed start awaits `exited` or `line()`; nobody has to.
    this.exited.catch(() => undefined);
  }

  get output(): string {
    return this.lines.join('\n');
  }

  /** The first line, printed already or to come, that contains `text` or matches it, after the first `from` lines. */
  line(text: string | RegExp, { timeoutMs = 20_000, from = 0 } = {}): Promise<string> {
    const matches = (line: string): boolean =>
      typeof text === 'string' ? line.includes(text) : text.test(line);
    const found = this.lines.slice(from).find(matches);
    if (found !== undefined) return Promise.resolve(found);
    return new Promise((resolve, reject) => {
      const fail = (why: string): void => {
        this.#waiters.delete(waiter);
        clearTimeout(timer);
        reject(new Error(`${this.#command}: no line with ${text} ${why}; its output:\n${this.output}`));
      };
      const timer = setTimeout(() => fail(`within ${timeoutMs} ms`), timeoutMs);
      const waiter: LineWaiter = {
        matches,
        resolve: (line) => {
          this.#waiters.delete(waiter);
          clearTimeout(timer);
          resolve(line);
        },
      };
      this.#waiters.add(waiter);
      this.exited.then(
        (exit) => this.#waiters.has(waiter) && fail(`before it exited (${exit.code ?? exit.signal})`),
        (error: Error) => fail(`because it did not start: ${error.message}`),
      );
    });
  }

  /** Waits for the end and returns the output; throws when the exit code is not 0 or time is up. */
  async succeeded(timeoutMs = 30_000): Promise<string> {
    const exit = await this.#exitWithin(timeoutMs);
    if (exit === undefined) {
      await this.kill();
      throw new Error(`${this.#command}: did not end within ${timeoutMs} ms; its output:\n${this.output}`);
    }
    if (exit.code !== 0) {
      throw new Error(`${this.#command}: exit ${exit.code ?? exit.signal}; its output:\n${this.output}`);
    }
    return this.output;
  }

  /** Asks the process to end (SIGTERM), insists (SIGKILL on its whole group) after `graceMs`. */
  async stop(graceMs = 10_000): Promise<Exit | undefined> {
    if (this.#exit === undefined && this.pid > 0) process.kill(this.pid, 'SIGTERM');
    const exit = await this.#exitWithin(graceMs);
    await this.kill();
    return exit;
  }

  /** Ends the process and everything it started, at once. */
  async kill(): Promise<void> {
    if (this.pid > 0) signalGroup(this.pid, 'SIGKILL');
    await this.exited.catch(() => undefined);
    runningGroups.delete(this.pid);
  }

  async #watchExit(): Promise<Exit> {
    const failed = once(this.#child, 'error').then(([error]) => Promise.reject(error as Error));
    // 'close' comes after the last line was read, 'exit' may come before it.
    const closed = once(this.#child, 'close').then(([code, signal]) => ({ code, signal }) as Exit);
    this.#exit = await Promise.race([closed, failed]);
    return this.#exit;
  }

  async #exitWithin(timeoutMs: number): Promise<Exit | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(resolve, timeoutMs, undefined);
    });
    const exit = await Promise.race([this.exited, late]);
    clearTimeout(timer);
    return exit;
  }

  #onLine(line: string): void {
    this.lines.push(line);
    for (const waiter of this.#waiters) if (waiter.matches(line)) waiter.resolve(line);
  }
}

function killRunningGroups(): void {
  for (const group of runningGroups) signalGroup(group, 'SIGKILL');
}

function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
