import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative, resolve } from 'node:path';
import type { DockerContext } from '../deploy/docker-context.ts';
import type { DockerImage, ImageStage, ImageStep } from '../deploy/docker-image.ts';
import { StartedProcess } from '../servers/child-process.ts';
import { asFromShell, innerPid, PID_ONE, UNPRIVILEGED_ID, unprivileged } from './process-walls.ts';

/** What is in npm's cache already is not asked for again. */
const PREFER_OFFLINE = { npm_config_prefer_offline: 'true' };
const STEP_MS = 240_000;

/** What a build is given. */
export interface ImageBuild {
  readonly image: DockerImage;
  /** Where the build is. */
  readonly root: string;
  /** What it sees of that. */
  readonly context: DockerContext;
  /** Where ports of the image are on this machine, which it shares. */
  readonly ports?: ReadonlyMap<number, number>;
}

/**
 * What a build of a Dockerfile would make, in a directory: its steps are run on this machine's Node.js and Debian, and `/` of each
 * stage is a folder. A process of it may write to its volume and to `/tmp`, as in a container, and to nothing else.
 */
export class ImageDirectory {
  readonly #root: string = mkdtempSync(join(tmpdir(), 'leveret-image-'));
  readonly #build: ImageBuild;
  readonly #image: string;

  constructor(build: ImageBuild) {
    this.#build = build;
    this.#image = this.#folder(build.image.stages.at(-1) as ImageStage);
  }

  /** Runs all steps. */
  async build(): Promise<void> {
    chmodSync(this.#root, 0o755);
    for (const stage of this.#build.image.stages) await this.#buildStage(stage);
    await run(['chmod', '-R', 'a-w', this.path('/opt')], this.#root);
    mkdirSync(this.path('/tmp'));
    chmodSync(this.path('/tmp'), 0o1777);
    const [volume = ''] = this.#build.image.says('VOLUME');
    if (process.getuid?.() === 0) chownSync(this.path(volume), UNPRIVILEGED_ID, UNPRIVILEGED_ID);
  }

  /** Where a path of the image is. */
  path(path: string): string {
    return join(this.#image, path);
  }

  /** Starts `ENTRYPOINT` and `CMD`, or other arguments instead of the latter, as process 1 of its own where this machine lets us. */
  start(environment: Readonly<Record<string, string>>, args?: readonly string[]): StartedProcess {
    const { command, entrypoint } = this.#build.image;
    const words = args === undefined ? command : [...entrypoint, ...args];
    return this.#launch([...PID_ONE, ...this.#walled(words, environment)]);
  }

  /** Asks the process that `start` has started, and not the ones around it, to end. */
  terminate(started: StartedProcess): void {
    process.kill(PID_ONE.length === 0 ? started.pid : innerPid(started.pid), 'SIGTERM');
  }

  /** The exit code of `HEALTHCHECK`. */
  async health(environment: Readonly<Record<string, string>>): Promise<number | null> {
    const { code } = await this.#launch(this.#walled(this.#build.image.healthCheck, environment)).exited;
    return code;
  }

  /** Runs a program of the image to its end, and returns what it prints. */
  succeeds(words: readonly string[], environment: Readonly<Record<string, string>>): Promise<string> {
    return this.#launch(this.#walled(words, environment)).succeeded();
  }

  async remove(): Promise<void> {
    await run(['chmod', '-R', 'u+w', this.#root], this.#root);
    rmSync(this.#root, { recursive: true });
  }

  #launch([program = '', ...args]: readonly string[]): StartedProcess {
    return new StartedProcess(program, args, { cwd: this.path(this.#build.image.says('WORKDIR')[0] ?? '/') });
  }

  #walled(words: readonly string[], environment: Readonly<Record<string, string>>): string[] {
    const all = { TMPDIR: '/tmp', ...this.#build.image.environment, ...environment };
    return unprivileged(
      words.map((word) => this.#published(this.#moved(this.#image, word))),
      Object.fromEntries(Object.entries(all).map(([name, value]) => [name, this.#moved(this.#image, value)])),
    );
  }

  #published(text: string): string {
    const moved = (port: string): string => String(this.#build.ports?.get(Number(port)) ?? port);
    return text.replaceAll(/\b\d{4,5}\b/g, moved);
  }

  #folder({ name }: ImageStage): string {
    return join(this.#root, name === '' ? 'image' : name);
  }

  async #buildStage(stage: ImageStage): Promise<void> {
    const folder = this.#folder(stage);
    for (const path of ['usr/local/bin', 'var/lib']) mkdirSync(join(folder, path), { recursive: true });
    let cwd = folder;
    for (const step of stage.steps) {
      if (step.keyword === 'WORKDIR') {
        cwd = join(folder, step.text);
        mkdirSync(cwd, { recursive: true });
      } else if (step.keyword === 'COPY') this.#copy(step, cwd);
      else if (step.keyword === 'RUN') await run(['/bin/sh', '-ec', this.#moved(folder, step.text)], cwd);
    }
  }

  #copy({ text, fromStage }: ImageStep, cwd: string): void {
    const words = text.split(' ');
    const target = resolve(cwd, words.pop() ?? '');
    const { root, context } = this.#build;
    const from = fromStage === undefined ? root : join(this.#root, fromStage);
    const filter = (path: string): boolean =>
      fromStage !== undefined || statSync(path).isDirectory() || context.lets(relative(root, path));
    for (const word of words) {
      const source = join(from, word);
      const copied = statSync(source).isDirectory() ? target : join(target, basename(source));
      cpSync(source, copied, { recursive: true, verbatimSymlinks: true, filter });
    }
  }

  /** Absolute paths that begin a word go to the folder of the stage; the user that the base image brings does not exist here. */
  #moved(folder: string, text: string): string {
    return text.replaceAll(/(?<=^|\s)\/(?=[a-z])/g, `${folder}/`).replaceAll(/ -[og] node\b/g, '');
  }
}

async function run(words: readonly string[], cwd: string): Promise<void> {
  const [program = '', ...args] = asFromShell(words);
  await new StartedProcess(program, args, { cwd, environment: PREFER_OFFLINE }).succeeded(STEP_MS);
}

/** Whether the image has this file or folder. */
export function imageHas(image: ImageDirectory, path: string): boolean {
  return existsSync(image.path(path));
}
