import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockDirectory } from './directory-lock.ts';

let path: string;
let children: ChildProcess[];

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'leveret-test-'));
  children = [];
});

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  await rm(path, { recursive: true, force: true });
});

/** Another process that holds the lock of `path`, as a broker does. */
async function holder(moment: number): Promise<ChildProcess> {
  const program = `
    const machine = require('node:zlib').crc32(require('node:os').hostname()).toString(36);
    const path = process.argv[1] + '/lock-' + process.argv[2].padStart(15, '0') + '-' + process.pid + '-1-' + machine + '.sock';
    require('node:net').createServer().listen(path, () => console.log('listening'));
  `;
  const child = spawn(process.execPath, ['-e', program, path, String(moment)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  await once(child.stdout as NonNullable<typeof child.stdout>, 'data');
  return child;
}

test('a directory is locked once, and again when it was released', async () => {
  const lock = await lockDirectory(path);
  await expect(lockDirectory(path)).rejects.toMatchObject({
    code: 'DATA_DIR_IN_USE',
    message: expect.stringContaining(`is in use by the broker with process id ${process.pid}`),
  });
  await lock.release();
  const again = await lockDirectory(path);
  await again.release();
  expect(await readdir(path)).toEqual([]);
});

test('of several that start together one gets it', async () => {
  const results = await Promise.allSettled(Array.from({ length: 5 }, () => lockDirectory(path)));
  const locks = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  expect(locks).toHaveLength(1);
  await locks[0]?.release();
});

test('another process keeps it until it ends, however it ends', async () => {
  const other = await holder(1);
  await expect(lockDirectory(path)).rejects.toThrow(`process id ${other.pid}`);
  other.kill('SIGKILL');
  await once(other, 'exit');
  expect(await readdir(path)).toHaveLength(1);
  const lock = await lockDirectory(path);
  await lock.release();
  expect(await readdir(path)).toEqual([]);
});

test('a process that is stopped keeps it, too', async () => {
  const other = await holder(1);
  other.kill('SIGSTOP');
  await expect(lockDirectory(path)).rejects.toThrow(`process id ${other.pid}`);
});

test('whoever came first waits until those that came later have given up', async () => {
  const later = await holder(999_999_999_999_999);
  const locking = lockDirectory(path);
  await expect.poll(() => readdir(path)).toHaveLength(2);
  later.kill('SIGKILL');
  await (await locking).release();
});

test('a directory with a very long path is locked, too', async () => {
  const long = join(path, 'x'.repeat(120), 'y'.repeat(120));
  await mkdir(long, { recursive: true });
  const before = (await readdir(tmpdir())).filter((name) => /^leveret-[A-Za-z0-9]{6}$/.test(name));
  const lock = await lockDirectory(long);
  await expect(lockDirectory(long)).rejects.toMatchObject({ code: 'DATA_DIR_IN_USE' });
  await lock.release();
  expect(await readdir(long)).toEqual([]);
  const after = (await readdir(tmpdir())).filter((name) => /^leveret-[A-Za-z0-9]{6}$/.test(name));
  expect(after.length).toBeLessThanOrEqual(before.length);
});

/** What a process on another machine leaves that was killed. */
async function leftElsewhere(): Promise<string> {
  const lock = await lockDirectory(path, { host: 'elsewhere' });
  const [name] = (await readdir(path)) as [string];
  await rename(join(path, name), join(path, 'aside'));
  await lock.release();
  await rename(join(path, 'aside'), join(path, name));
  return join(path, name);
}

test('on a file system that machines share, the lock of another one is refused until somebody removes it', async () => {
  const options = { isShared: () => Promise.resolve(true) };
  const left = await leftElsewhere();
  for (let tries = 0; tries < 2; tries++) {
    await expect(lockDirectory(path, options)).rejects.toMatchObject({
      code: 'DATA_DIR_IN_USE',
      message: expect.stringContaining(`When none runs there any more, remove ${left}`),
    });
    expect(await readdir(path)).toHaveLength(1);
  }
  await rm(left);
  await (await lockDirectory(path, options)).release();
});

test('on a file system that machines share, one of this machine whose process is gone is removed', async () => {
  const other = await holder(1);
  other.kill('SIGKILL');
  await once(other, 'exit');
  await (await lockDirectory(path, { isShared: () => Promise.resolve(true) })).release();
  expect(await readdir(path)).toEqual([]);
});

test('on a disk of this machine, a lock that was left under another host name is removed', async () => {
  await leftElsewhere();
  await (await lockDirectory(path, { isShared: () => Promise.resolve(false) })).release();
  expect(await readdir(path)).toEqual([]);
});
