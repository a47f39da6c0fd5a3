import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Project } from './project.ts';

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));

/** Messages that are under way outlive a small young generation, and are copied again and again: a tenth of the processor. */
const YOUNG_GENERATION = '--max-semi-space-size=64';

/** Starts `leveret start` in a process of its own, which ends with this one. The broker is not on its command line, where all users of the machine could read the password. */
export function spawnStart(project: Project, broker: string, args: readonly string[]): ChildProcess {
  const words = [MAIN, 'start', ...args, '--entry', project.entry];
  return spawn(process.execPath, [YOUNG_GENERATION, ...process.execArgv, ...words], {
    cwd: project.root,
    env: { ...process.env, LEVERET_BROKER: broker },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
}
