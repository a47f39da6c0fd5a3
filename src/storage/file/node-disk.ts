import * as fs from 'node:fs';
import { mkdir, readdir, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { lockDirectory } from './directory-lock.ts';
import type { Disk, DiskFile, DiskLock } from './disk.ts';
import { codeOf, StorageError, textOf } from './storage-error.ts';

const DIRECTORY_MODE = 0o700;
const FILE_MODE = 0o600;
/** `writev` takes at most 1024 buffers on Linux. */
const BUFFERS_MAX = 1024;

const close = promisify(fs.close);
const fdatasync = promisify(fs.fdatasync);
const fsync = promisify(fs.fsync);
const fstat = promisify(fs.fstat);
const ftruncate = promisify(fs.ftruncate);
const open = promisify(fs.open);
const rename = promisify(fs.rename);
const unlink = promisify(fs.unlink);

/** A directory of the file system. It is made when it is locked, unless it is there. */
export class NodeDisk implements Disk {
  readonly path: string;
  /** Folders in it that something was renamed into: their names have to be made durable, too. */
  readonly #folders = new Set<string>();

  constructor(path: string) {
    this.path = path;
  }

  async list(folder?: string): Promise<readonly string[]> {
    const entries = await readdir(join(this.path, folder ?? ''), { withFileTypes: true }).catch((error) => {
      if (folder !== undefined && codeOf(error) === 'ENOENT') return [];
      throw error;
    });
    return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  }

  async create(name: string): Promise<DiskFile> {
    return new NodeFile(name, await open(join(this.path, name), 'wx+', FILE_MODE));
  }

  async open(name: string): Promise<DiskFile> {
    return new NodeFile(name, await open(join(this.path, name), 'r+'));
  }

  async remove(name: string): Promise<void> {
    await unlink(join(this.path, name));
  }

  async rename(from: string, to: string): Promise<void> {
    const folder = dirname(to);
    if (folder !== '.') {
      await mkdir(join(this.path, folder), { recursive: true, mode: DIRECTORY_MODE });
      this.#folders.add(folder);
    }
    await rename(join(this.path, from), join(this.path, to));
  }

  async syncDirectory(): Promise<void> {
    for (const folder of this.#folders) await syncPath(join(this.path, folder));
    this.#folders.clear();
    await syncPath(this.path);
  }

  async freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(this.path);
    return bavail * bsize;
  }

  async lock(): Promise<DiskLock> {
    try {
      await makeDirectory(this.path);
      await checkWritable(this.path);
      return await lockDirectory(this.path);
    } catch (error) {
      throw error instanceof StorageError ? error : unusable(this.path, error);
    }
  }
}

class NodeFile implements DiskFile {
  readonly name: string;
  readonly #descriptor: number;

  constructor(name: string, descriptor: number) {
    this.name = name;
    this.#descriptor = descriptor;
  }

  async size(): Promise<number> {
    return (await fstat(this.#descriptor)).size;
  }

  async write(buffers: readonly Uint8Array[], at: number): Promise<void> {
    let left = buffers;
    let position = at;
    while (left.length > 0) {
      const written = await this.#writeSome(left.slice(0, BUFFERS_MAX), position);
      // A nearly full disk takes a part, and says why only when it is asked for the rest.
      if (written === 0)
        throw Object.assign(new Error(`nothing was written to ${this.name}`), { code: 'EIO' });
      position += written;
      left = unwritten(left, written);
    }
  }

  sync(): Promise<void> {
    return fdatasync(this.#descriptor);
  }

  read(into: Uint8Array, at: number): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.read(this.#descriptor, into, 0, into.length, at, (error, readBytes) => {
        if (error === null) resolve(readBytes);
        else reject(error);
      });
    });
  }

  readNow(into: Uint8Array, at: number): number {
    return fs.readSync(this.#descriptor, into, 0, into.length, at);
  }

  truncate(bytes: number): Promise<void> {
    return ftruncate(this.#descriptor, bytes);
  }

  close(): Promise<void> {
    return close(this.#descriptor);
  }

  #writeSome(buffers: readonly Uint8Array[], at: number): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.writev(this.#descriptor, buffers, at, (error, written) => {
        if (error === null) resolve(written);
        else reject(error);
      });
    });
  }
}

/** What of `buffers` is left behind their first `written` bytes. */
function unwritten(buffers: readonly Uint8Array[], written: number): readonly Uint8Array[] {
  let bytes = written;
  for (const [index, buffer] of buffers.entries()) {
    if (bytes < buffer.length) return [buffer.subarray(bytes), ...buffers.slice(index + 1)];
    bytes -= buffer.length;
  }
  return [];
}

/**
 * Makes the directory `path`, and those above it that are missing, durable; another process may be making the same ones. Not `mkdir`
 * with `recursive`: that tries for ever where a parent is there but nothing can be made in it, as under /proc.
 */
async function makeDirectory(path: string): Promise<void> {
  const parent = dirname(path);
  if (parent !== path && !(await isThere(parent))) await makeDirectory(parent);
  try {
    await mkdir(path, DIRECTORY_MODE);
  } catch (error) {
    if (codeOf(error) === 'EEXIST' && (await stat(path)).isDirectory()) return;
    throw error;
  }
  await syncPath(parent);
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

async function syncPath(path: string): Promise<void> {
  const descriptor = await open(path, 'r');
  try {
    await fsync(descriptor);
  } finally {
    await close(descriptor);
  }
}

/** Finds out by doing it: permissions alone do not tell whether the file system takes anything. */
async function checkWritable(path: string): Promise<void> {
  const probe = join(path, `probe-${process.pid}`);
  await close(await open(probe, 'w', FILE_MODE));
  await unlink(probe);
}

function unusable(path: string, error: unknown): StorageError {
  const reasons: Readonly<Record<string, string>> = {
    EACCES: 'this user may not write to it: change its owner or its permissions',
    EEXIST: 'it is not a directory: choose another one',
    ENOTDIR: 'it is not a directory, or lies in something that is none: choose another one',
    EPERM: 'this user may not write to it: change its owner or its permissions',
    EROFS: 'its file system is read-only: choose another one, or mount it for writing',
    ENOSPC: 'its file system is full: make room, or choose another one',
  };
  const reason = reasons[codeOf(error)] ?? textOf(error);
  const message = `the data directory ${path} cannot be used: ${reason} (--data-dir chooses the directory)`;
  return new StorageError('DATA_DIR_UNUSABLE', message, error);
}
