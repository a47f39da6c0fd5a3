import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Whose `dist` is run: the project's, or that of another folder with one. */
export const PROJECT_ROOT: string =
  process.env['LEVERET_TEST_ROOT'] ?? fileURLToPath(new URL('../..', import.meta.url));
const MAIN = `${PROJECT_ROOT}/dist/cli/main.js`;

export interface CliRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  /** Written to standard input, which is empty if absent. */
  readonly input?: string;
  /** What `LEVERET_URL` says. */
  readonly url?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Sent once standard output has this text. */
  readonly interruptAfter?: string;
}

/** Runs a built `leveret` command as a user does, with its output piped. */
export async function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliRun> {
  return run(process.execPath, [mainFile(), ...args], options);
}

/** The same on a terminal of `columns` columns; standard output and standard error are one there. */
export async function runOnTerminal(
  columns: number,
  args: readonly string[],
  options: CliOptions = {},
): Promise<CliRun> {
  const words = [process.execPath, mainFile(), ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`);
  const command = `stty cols ${columns} rows 24; ${words.join(' ')}`;
  const done = await run('script', ['-qec', command, '/dev/null'], options);
  return { ...done, stdout: done.stdout.replaceAll('\r\n', '\n') };
}

function mainFile(): string {
  if (!existsSync(MAIN)) throw new Error(`${MAIN} does not exist: build first, with npm run build`);
  return MAIN;
}

async function run(command: string, args: readonly string[], options: CliOptions): Promise<CliRun> {
  const { input = '', url, environment = {}, cwd, interruptAfter } = options;
  const child = spawn(command, args, {
    cwd,
    env: { ...ownEnvironment(), ...(url === undefined ? {} : { LEVERET_URL: url }), ...environment },
  });
  const [stdout, stderr]: [string[], string[]] = [[], []];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout.push(text);
    if (interruptAfter !== undefined && stdout.join('').includes(interruptAfter)) child.kill('SIGINT');
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => stderr.push(text));
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout: stdout.join(''), stderr: stderr.join('') };
}

/** Without what would change the commands: who runs the tests may have settings of his own. */
function ownEnvironment(): Record<string, string> {
  const entries = Object.entries(process.env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && !/^(LEVERET_|NO_COLOR$|FORCE_COLOR$)/.test(entry[0]),
  );
  return { ...Object.fromEntries(entries), TERM: 'xterm' };
}
