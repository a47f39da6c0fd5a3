import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

const PROMPT = 'the-command-ended';

/** What a command printed, and how it ended. */
export interface Ran {
  readonly code: number;
  readonly output: string;
}

/** A shell in which one command is run after the other, as somebody at a terminal does it; what they leave behind runs on. */
export class PageTerminal {
  readonly #shell: ChildProcess;
  #output = '';
  #onOutput: () => void = () => undefined;

  constructor(cwd: string, environment: Readonly<Record<string, string>>) {
    const env = { ...process.env, ...environment };
    // A group of its own, with all that is started in it.
    this.#shell = spawn('/bin/bash', ['--noprofile', '--norc'], { cwd, env, detached: true, stdio: 'pipe' });
    for (const stream of [this.#shell.stdout, this.#shell.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
        this.#onOutput();
      });
    }
  }

  /** One at a time. Rejects when it does not end in time. */
  async run(command: string, withinMs = 60_000): Promise<Ran> {
    this.#output = '';
    const prompt = new RegExp(`^${PROMPT} (\\d+)$`, 'm');
    const ended = new Promise<RegExpExecArray>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${command}: did not end within ${withinMs} ms:\n${this.#output}`)),
        withinMs,
      );
      this.#onOutput = () => {
        const found = prompt.exec(this.#output);
        if (found === null) return;
        clearTimeout(timer);
        resolve(found);
      };
    });
    this.#shell.stdin?.write(`${command}\nprintf '\\n${PROMPT} %s\\n' $?\n`);
    const { index, 1: code } = await ended;
    return { code: Number(code), output: this.#output.slice(0, index).trimEnd() };
  }

  /** Ends the shell and everything that was started in it. */
  async close(): Promise<void> {
    const { pid, exitCode } = this.#shell;
    if (pid === undefined) return;
    const exited = exitCode === null ? once(this.#shell, 'exit') : undefined;
    process.kill(-pid, 'SIGKILL');
    await exited;
  }
}
