import { type FSWatcher, readdirSync, watch } from 'node:fs';
import { extname, join } from 'node:path';

/** What services are made of. Databases and logs change all the time, and are none of it. */
const SOURCES: ReadonlySet<string> = new Set([
  '.ts',
  '.mts',
  '.cts',
  '.tsx',
  '.js',
  '.mjs',
  '.cjs',
  '.jsx',
  '.json',
  '.sql',
]);
/** Beside those that begin with a dot. */
const IGNORED_FOLDERS: ReadonlySet<string> = new Set(['node_modules', 'data', 'leveret-data']);
/** Editors write a file in several steps, and a checkout writes many files. */
const QUIET_MS = 100;

/**
 * Calls `onChange` when sources below a folder have changed, once for changes that come together. Each folder is watched by
 * itself: Node.js would watch every file of `node_modules`, too, which takes seconds.
 */
export class FolderWatch {
  readonly #onChange: (path: string) => void;
  readonly #watchers: Map<string, FSWatcher> = new Map();
  #timer: NodeJS.Timeout | undefined;

  constructor(root: string, onChange: (path: string) => void) {
    this.#onChange = onChange;
    this.#add(root);
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #add(folder: string): void {
    if (this.#watchers.has(folder)) return;
    try {
      const watcher = watch(folder, (_event, name) => this.#onEvent(folder, name));
      watcher.on('error', () => this.#remove(folder));
      this.#watchers.set(folder, watcher);
      for (const name of foldersIn(folder)) this.#add(join(folder, name));
    } catch (error) {
      // it is gone already: its parent is watched
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }

  #remove(folder: string): void {
    this.#watchers.get(folder)?.close();
    this.#watchers.delete(folder);
  }

  #onEvent(folder: string, name: string | null): void {
    if (name === null) return;
    const path = join(folder, name);
    if (SOURCES.has(extname(name))) this.#report(path);
    else if (isWatched(name) && foldersIn(folder).includes(name)) this.#add(path);
    else this.#remove(path);
  }

  #report(path: string): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#onChange(path), QUIET_MS);
  }
}

function foldersIn(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory() && isWatched(entry.name)).map(({ name }) => name);
}

function isWatched(name: string): boolean {
  return !name.startsWith('.') && !IGNORED_FOLDERS.has(name);
}
