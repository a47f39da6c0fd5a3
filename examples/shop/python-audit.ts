import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('./audit/audit.py', import.meta.url));

/** The first of several that are often installed may be without packages. */
const INTERPRETERS = ['python3', '/usr/bin/python3', 'python'];

/** A Python that has the package pika, if there is one. */
export function pythonWithPika(): string | undefined {
  return INTERPRETERS.find(
    (python) => spawnSync(python, ['-c', 'import pika'], { stdio: 'ignore' }).status === 0,
  );
}

/** The service in Python, as a process. */
export class PythonAudit {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  /** Resolves when it consumes. */
  static async start(python: string, brokerUrl: string, tallyFile: string): Promise<PythonAudit> {
    const audit = new PythonAudit(python, brokerUrl, tallyFile);
    await audit.#line();
    return audit;
  }

  constructor(python: string, brokerUrl: string, tallyFile: string) {
    const child = spawn(python, [PROGRAM, brokerUrl, tallyFile], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    this.#process = child;
  }

  /** Ends it. Resolves with what it counted, as JSON. */
  async stop(): Promise<string> {
    const exited = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    const summary = await this.#line();
    await exited;
    return summary;
  }

  async #line(): Promise<string> {
    const next = await this.#lines.next();
    if (next.done === true) throw new Error('audit.py ended; what it said is above');
    return next.value;
  }
}
