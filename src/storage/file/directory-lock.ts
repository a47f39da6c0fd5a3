/**
 * Keeps a second broker out of a data directory. Each broker listens on a Unix socket there: the kernel closes it when the
 * process ends, however it ends, so a lock is never left behind. Nothing is ever said through it.
 *
 *     bind starting-*.sock -> listen -> rename to lock-*.sock -> who else listens on a lock-*.sock?
 *                                                                  nobody:              it is ours
 *                                                                  an older name:       they have it
 *                                                                  younger names only:  wait until they have given up
 *
 * Two that start together both show their names before they look, so at least one sees the other. A socket that nobody
 * listens on belongs to a process that is gone, and its file is removed: names are never used again.
 *
 * A socket's path has at most about 100 bytes, so it is reached through a symbolic link when the directory's is longer.
 */

import { randomInt } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rename, rm, stat, symlink } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { DiskLock } from './disk.ts';
import { codeOf, StorageError } from './storage-error.ts';

const SOCKET_PATH_BYTES_MAX = 100;
const LOCK_NAME = /^lock-[0-9]{15}-([0-9]+)-[0-9]+\.sock$/;
const POLL_MS = 20;
const POLLS_MAX = 100;
/** Of `starting-*.sock`: 9 + 15 + 1 + 7 + 1 + 10 + 5, and the slash. */
const NAME_BYTES_MAX = 49;

/** Where the sockets of a data directory are. */
interface SocketPlace {
  readonly path: string;
  /** The same place, by a path that is short enough for a socket. It may be gone once the lock is taken. */
  readonly shortPath: string;
}

/** @throws StorageError DATA_DIR_IN_USE */
export async function lockDirectory(path: string): Promise<DiskLock> {
  const directory = resolve(path);
  try {
    return await lockAt(directory, directory);
  } catch (error) {
    if (!cannotHoldSockets(error)) throw error;
    return await lockAt(await substituteFor(directory), directory);
  }
}

async function lockAt(path: string, directory: string): Promise<DiskLock> {
  if (path.length < SOCKET_PATH_BYTES_MAX - NAME_BYTES_MAX) {
    return lockIn({ path, shortPath: path }, directory);
  }
  const folder = await mkdtemp(join(tmpdir(), 'leveret-'));
  try {
    await symlink(path, join(folder, 'd'));
    return await lockIn({ path, shortPath: join(folder, 'd') }, directory);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function lockIn(place: SocketPlace, directory: string): Promise<DiskLock> {
  const moment = String(Date.now()).padStart(15, '0');
  const name = `${moment}-${process.pid}-${randomInt(2 ** 32)}.sock`;
  const own = `lock-${name}`;
  const server = await listen(join(place.shortPath, `starting-${name}`));
  const release = async (): Promise<void> => {
    await rm(join(place.path, own), { force: true });
    await new Promise((closed) => server.close(closed));
  };
  try {
    await rename(join(place.path, `starting-${name}`), join(place.path, own));
    await waitForOthers(place, own, directory);
  } catch (error) {
    await release();
    throw error;
  }
  return { release };
}

/** Returns when nobody else has the directory, or is about to. */
async function waitForOthers(place: SocketPlace, own: string, directory: string): Promise<void> {
  for (let polls = 0; ; polls++) {
    const others = await listeners(place, own);
    if (others.length === 0) return;
    const older = others.find((name) => name < own);
    if (older !== undefined || polls === POLLS_MAX) throw inUse(directory, older ?? (others[0] as string));
    await delay(POLL_MS);
  }
}

/** The other names that a living process listens on. Removes those of processes that are gone. */
async function listeners(place: SocketPlace, own: string): Promise<string[]> {
  const living: string[] = [];
  for (const name of await readdir(place.path)) {
    if (!LOCK_NAME.test(name) || name === own) continue;
    if (await isListening(join(place.shortPath, name))) living.push(name);
    else await rm(join(place.path, name), { force: true });
  }
  return living;
}

function isListening(path: string): Promise<boolean> {
  return new Promise((answer, fail) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      answer(true);
    });
    socket.once('error', (error) => {
      const code = codeOf(error);
      if (code === 'ECONNREFUSED' || code === 'ENOENT') answer(false);
      // It listens, but so many others ask at the same time that it cannot answer.
      else if (code === 'EAGAIN') answer(true);
      else fail(error);
    });
  });
}

function listen(path: string): Promise<Server> {
  return new Promise((listening, fail) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', fail);
    server.listen(path, () => {
      server.unref();
      listening(server);
    });
  });
}

function inUse(directory: string, name: string): StorageError {
  const pid = LOCK_NAME.exec(name)?.[1];
  return new StorageError(
    'DATA_DIR_IN_USE',
    `the data directory ${directory} is in use by the broker with process id ${pid}: stop that one first, ` +
      'or give this one a directory of its own (--data-dir)',
  );
}

/** Some file systems that are shared with another machine or a container have no sockets. */
function cannotHoldSockets(error: unknown): boolean {
  return ['ENOTSUP', 'EOPNOTSUPP', 'EINVAL', 'ENOSYS'].includes(codeOf(error));
}

/** A directory for the sockets on this machine, named for what it stands for. Nobody on another machine sees it. */
async function substituteFor(directory: string): Promise<string> {
  const { dev, ino } = await stat(directory);
  const path = join(tmpdir(), `leveret-${dev}-${ino}`);
  await mkdir(path, { recursive: true, mode: 0o700 });
  return path;
}
