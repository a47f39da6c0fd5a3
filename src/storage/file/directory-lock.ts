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
 * On a file system that is shared with other machines, a socket is there for all of them, and answers only on its own. So a
 * name ends in a mark of its machine, and there one of another machine is never removed: somebody has to.
 *
 * A socket's path has at most about 100 bytes, so it is reached through a symbolic link when the directory's is longer.
 */

import { randomInt } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rename, rm, stat, statfs, symlink } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import type { DiskLock } from './disk.ts';
import { codeOf, StorageError } from './storage-error.ts';

const SOCKET_PATH_BYTES_MAX = 100;
const LOCK_NAME = /^lock-[0-9]{15}-([0-9]+)-[0-9a-z]+-([0-9a-z]+)\.sock$/;
const POLL_MS = 20;
const POLLS_MAX = 100;
/** Of `starting-*.sock`: 9 + 15 + 1 + 7 + 1 + 7 + 1 + 7 + 5, and the slash. */
const NAME_BYTES_MAX = 54;
/** What `statfs` says of NFS, SMB (three), Ceph, AFS, 9P, Lustre, GFS2, OCFS2 and all that is behind FUSE. */
const SHARED_FILE_SYSTEMS: ReadonlySet<number> = new Set([
  0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x00c36400, 0x5346414f, 0x01021997, 0x0bd00bd0, 0x01161970,
  0x7461636f, 0x65735546,
]);

/** Who locks, and where: what a test decides for itself. */
export interface LockOptions {
  /** The name of this machine. */
  readonly host?: string;
  /** Whether other machines may use the file system that a directory is on. */
  readonly isShared?: (path: string) => Promise<boolean>;
}

/** Where the sockets of a data directory are. */
interface SocketPlace {
  readonly path: string;
  /** The same place, by a path that is short enough for a socket. It may be gone once the lock is taken. */
  readonly shortPath: string;
  /** Ends the names of the locks of this machine. */
  readonly machine: string;
  readonly isShared: boolean;
}

/** @throws StorageError DATA_DIR_IN_USE */
export async function lockDirectory(path: string, options: LockOptions = {}): Promise<DiskLock> {
  const directory = resolve(path);
  try {
    return await lockAt(directory, directory, options);
  } catch (error) {
    if (!cannotHoldSockets(error)) throw error;
    return await lockAt(await substituteFor(directory), directory, options);
  }
}

async function lockAt(
  path: string,
  directory: string,
  { host = hostname(), isShared = isOnSharedFileSystem }: LockOptions,
): Promise<DiskLock> {
  const machine = crc32(host).toString(36);
  const place = { path, machine, isShared: await isShared(path) };
  if (path.length < SOCKET_PATH_BYTES_MAX - NAME_BYTES_MAX) {
    return lockIn({ ...place, shortPath: path }, directory);
  }
  const folder = await mkdtemp(join(tmpdir(), 'leveret-'));
  try {
    await symlink(path, join(folder, 'd'));
    return await lockIn({ ...place, shortPath: join(folder, 'd') }, directory);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function lockIn(place: SocketPlace, directory: string): Promise<DiskLock> {
  const moment = String(Date.now()).padStart(15, '0');
  const random = randomInt(2 ** 32).toString(36);
  const name = `${moment}-${process.pid}-${random}-${place.machine}.sock`;
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
    const others = await listeners(place, own, directory);
    if (others.length === 0) return;
    const older = others.find((name) => name < own);
    if (older !== undefined || polls === POLLS_MAX) throw inUse(directory, older ?? (others[0] as string));
    await delay(POLL_MS);
  }
}

/** The other names that a living process listens on. Removes those of processes that are gone, of this machine. */
async function listeners(place: SocketPlace, own: string, directory: string): Promise<string[]> {
  const living: string[] = [];
  for (const name of await readdir(place.path)) {
    const found = LOCK_NAME.exec(name);
    if (found === null || name === own) continue;
    if (place.isShared && found[2] !== place.machine)
      throw lockedElsewhere(directory, join(place.path, name));
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
    `the data directory ${directory} is in use by the broker with process id ${pid}: stop it first; a second broker needs a ` +
      'data directory of its own',
  );
}

function lockedElsewhere(directory: string, lock: string): StorageError {
  return new StorageError(
    'DATA_DIR_IN_USE',
    `the data directory ${directory} is on a file system that other machines may use, and was locked on another machine, or on ` +
      `this one under another host name: stop the broker there. When none runs there any more, remove ${lock} ` +
      'and start again',
  );
}

async function isOnSharedFileSystem(path: string): Promise<boolean> {
  return SHARED_FILE_SYSTEMS.has((await statfs(path)).type);
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
