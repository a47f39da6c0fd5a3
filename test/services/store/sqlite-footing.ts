import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StoreFooting } from './store-footing.ts';

/** SQLite in files of a temporary folder. */
export async function sqliteFooting(): Promise<StoreFooting> {
  const folder = await mkdtemp(join(tmpdir(), 'leveret-sqlite-'));
  let files = 0;
  return {
    kind: 'sqlite',
    isShared: true,
    newUrl: async () => {
      files += 1;
      return `file:${join(folder, 'data', `${files}.db`)}`;
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

/** SQLite in memory, where each connection has a database of its own. */
export async function memoryFooting(): Promise<StoreFooting> {
  return {
    kind: 'sqlite',
    isShared: false,
    newUrl: async () => 'file::memory:',
    close: async () => undefined,
  };
}
