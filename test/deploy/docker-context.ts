import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './deploy-files.ts';

/** Which files of the project a build of the image sees. */
export interface DockerContext {
  /** Files and folders of the root. */
  readonly roots: readonly string[];
  /** Whether a file, by its path from the root, is seen. */
  readonly lets: (path: string) => boolean;
}

/** What a file like `.dockerignore` says, in the three forms that ours use: `*`, `!name` of the root, and the ending of a name anywhere. */
export function dockerContext(file = '.dockerignore'): DockerContext {
  const lines = readFileSync(join(ROOT, file), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  if (lines.shift() !== '*') throw new Error(`${file} does not begin with *`);
  const roots = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
  const endings = lines.filter((line) => line.startsWith('**/*.')).map((line) => line.slice('**/*'.length));
  if (roots.length + endings.length !== lines.length) throw new Error(`${file} has another kind of line`);
  const lets = (path: string): boolean =>
    roots.includes(path.split('/')[0] ?? '') && !endings.some((ending) => path.endsWith(ending));
  return { roots, lets };
}
