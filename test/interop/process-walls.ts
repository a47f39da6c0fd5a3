import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Debian's nobody. */
export const UNPRIVILEGED_ID = 65_534;

const isRoot = process.getuid?.() === 0;

/** In front of a command: it is process 1, whom no signal ends that it does not handle. Empty where this machine does not let us. */
export const PID_ONE: readonly string[] = pidOne();

function pidOne(): readonly string[] {
  const words = ['unshare', ...(isRoot ? [] : ['--user', '--map-current-user']), '--pid', '--fork'];
  const [program = '', ...args] = [...words, 'true'];
  return spawnSync(program, args, { stdio: 'ignore' }).status === 0 ? words : [];
}

/** The process that `unshare --fork` has started. */
export function innerPid(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim());
}

/** The command with these variables alone, no home, and as somebody who is not root. */
export function unprivileged(
  words: readonly string[],
  environment: Readonly<Record<string, string>>,
): string[] {
  const id = UNPRIVILEGED_ID;
  const user = isRoot ? ['setpriv', `--reuid=${id}`, `--regid=${id}`, '--clear-groups', '--'] : [];
  const all = { PATH: `${dirname(process.execPath)}:/usr/bin:/bin`, HOME: '/nowhere' };
  const variables = Object.entries({ ...all, ...environment }).map(([name, value]) => `${name}=${value}`);
  return ['env', '-i', ...variables, ...user, ...words];
}

/** The command without the variables that vitest and npm have put there for this process: they change builds and installations. */
export function asFromShell(words: readonly string[]): string[] {
  const foreign =
    /^(LEVERET_|VITEST|NODE_ENV$|TEST$|DEV$|PROD$|SSR$|MODE$|BASE_URL$|INIT_CWD$|npm_(?!config_))/;
  const names = Object.keys(process.env).filter((name) => foreign.test(name));
  return ['env', ...names.flatMap((name) => ['-u', name]), ...words];
}
