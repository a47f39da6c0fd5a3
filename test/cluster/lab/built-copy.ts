import { cp, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A text of one built file that is replaced by another one. */
export interface Patch {
  /** Below `dist`. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const ROOT: string = join(import.meta.dirname, '../../..');

/**
 * Copies what was built into `directory`, so that no build meanwhile changes a node from one start to the next, and patches the copy.
 * Resolves to the command of the copy. Throws when a text is not there exactly once: the code has changed, and the patch must, too.
 */
export async function copyBuild(directory: string, patches: readonly Patch[]): Promise<string> {
  const isNeeded = (path: string): boolean => !/\.(map|d\.ts|tsbuildinfo)$/.test(path);
  await cp(join(ROOT, 'dist'), join(directory, 'dist'), { recursive: true, filter: isNeeded });
  await cp(join(ROOT, 'package.json'), join(directory, 'package.json'));
  await symlink(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  for (const patch of patches) await apply(join(directory, 'dist', patch.file), patch);
  return join(directory, 'dist/cli/main.js');
}

async function apply(path: string, { file, from, to }: Patch): Promise<void> {
  const parts = (await readFile(path, 'utf8')).split(from);
  if (parts.length !== 2)
    throw new Error(`dist/${file} has ${parts.length - 1} times, not once: ${JSON.stringify(from)}`);
  await writeFile(path, parts.join(to));
}
