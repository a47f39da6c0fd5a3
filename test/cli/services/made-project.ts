import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { StartedProcess } from '../../servers/child-process.ts';
import { PROJECT_ROOT } from '../run-cli.ts';

const MAIN = join(PROJECT_ROOT, 'dist/cli/main.js');
const PACKAGES: readonly string[] = ['zod', 'libsql', 'tsx', 'typescript', '@types/node'];

/** A project as `leveret new` makes it, in a temporary folder, with the packages of this project. */
export class MadeProject {
  readonly folder: string;
  readonly #parent: string;
  readonly #started: StartedProcess[] = [];

  private constructor(parent: string) {
    this.#parent = parent;
    this.folder = join(parent, 'shop');
  }

  static async make(): Promise<MadeProject> {
    const project = new MadeProject(mkdtempSync(join(tmpdir(), 'leveret-project-')));
    const made = new StartedProcess(process.execPath, [MAIN, 'new', project.folder]);
    await made.succeeded();
    project.#link('leveret', PROJECT_ROOT);
    for (const name of PACKAGES) project.#link(name, join(PROJECT_ROOT, 'node_modules', name));
    return project;
  }

  /** Starts a `leveret` command in the project. */
  leveret(args: readonly string[], environment: Readonly<Record<string, string>> = {}): StartedProcess {
    return this.#start([MAIN, ...args], environment);
  }

  /** Starts a TypeScript program of the project. */
  program(args: readonly string[], environment: Readonly<Record<string, string>> = {}): StartedProcess {
    return this.#start([join(PROJECT_ROOT, 'node_modules/tsx/dist/cli.mjs'), ...args], environment);
  }

  async remove(): Promise<void> {
    for (const started of this.#started) await started.kill();
    rmSync(this.#parent, { recursive: true, force: true });
  }

  #start(words: readonly string[], environment: Readonly<Record<string, string>>): StartedProcess {
    const started = new StartedProcess(process.execPath, words, { cwd: this.folder, environment });
    this.#started.push(started);
    return started;
  }

  #link(name: string, target: string): void {
    const path = join(this.folder, 'node_modules', name);
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(target, path);
  }
}
