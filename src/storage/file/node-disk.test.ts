import fs, { chmodSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { NodeDisk } from './node-disk.ts';

let parent: string;
let path: string;
let disk: NodeDisk;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'leveret-test-'));
  path = join(parent, 'data');
  disk = new NodeDisk(path);
  await (await disk.lock()).release();
});

afterEach(() => rm(parent, { recursive: true, force: true }));

const text = (bytes: string): Uint8Array => new TextEncoder().encode(bytes);

test('the directory is made when it is locked, for this user only', async () => {
  expect((await stat(path)).mode & 0o777).toBe(0o700);
});

test('directories whose parents are missing are made at the same time', async () => {
  const names = Array.from({ length: 20 }, (_, index) => `node-${index}`);
  const nodes = join(parent, 'cluster', 'nodes');
  const locks = await Promise.all(names.map((name) => new NodeDisk(join(nodes, name)).lock()));
  expect((await readdir(nodes)).sort()).toEqual(names.toSorted());
  for (const lock of locks) await lock.release();
});

test('a file is written and read at any offset', async () => {
  const file = await disk.create('a.log');
  await file.write([text('hello '), text('world')], 0);
  await file.write([text('W')], 6);
  await file.sync();
  expect(await file.size()).toBe(11);
  const into = new Uint8Array(20);
  expect(await file.read(into, 6)).toBe(5);
  expect(new TextDecoder().decode(into.subarray(0, 5))).toBe('World');
  expect(file.readNow(into, 0)).toBe(11);
  expect(file.readNow(into, 11)).toBe(0);
  await file.truncate(5);
  await file.close();
  expect(await readFile(join(path, 'a.log'), 'utf8')).toBe('hello');
  expect((await stat(join(path, 'a.log'))).mode & 0o777).toBe(0o600);
});

test('a file that is there is not made again, and one that is not there is not opened', async () => {
  await (await disk.create('a.log')).close();
  await expect(disk.create('a.log')).rejects.toMatchObject({ code: 'EEXIST' });
  await expect(disk.open('b.log')).rejects.toMatchObject({ code: 'ENOENT' });
});

test('files are listed, directories and sockets are not', async () => {
  await (await disk.create('a.log')).close();
  await mkdir(join(path, 'folder'));
  const lock = await disk.lock();
  expect(await disk.list()).toEqual(['a.log']);
  await lock.release();
});

test('a file is renamed into a folder, which is made, and its name can be made durable', async () => {
  await writeFile(join(path, 'a.log'), 'a');
  await disk.rename('a.log', 'quarantine/a.log');
  await disk.syncDirectory();
  expect(await readdir(join(path, 'quarantine'))).toEqual(['a.log']);
  await disk.remove('quarantine/a.log');
  expect(await readdir(join(path, 'quarantine'))).toEqual([]);
});

test('there is room', async () => {
  expect(await disk.freeBytes()).toBeGreaterThan(0);
});

describe('a write that takes only a part', () => {
  const { writev } = fs;
  let chunks: number[];

  /** Each call takes as many bytes as `take` says, without an error, as on a disk that is nearly full. */
  function takeOnly(take: (call: number) => number): void {
    chunks = [];
    fs.writev = ((descriptor, buffers, position, callback) => {
      const part = Buffer.concat(buffers as readonly Uint8Array[]).subarray(0, take(chunks.length));
      chunks.push(part.length);
      if (part.length === 0) queueMicrotask(() => callback(null, 0, buffers));
      else writev(descriptor, [part] as never, position as number, callback);
    }) as typeof fs.writev;
    syncBuiltinESMExports();
  }

  afterEach(() => {
    fs.writev = writev;
    syncBuiltinESMExports();
  });

  test('goes on with the rest', async () => {
    for (const size of [1, 2, 3, 5, 7, 100]) {
      const file = await disk.create(`${size}.log`);
      takeOnly(() => size);
      await file.write([text('abc'), text(''), text('defg'), text('h')], 3);
      expect(chunks.reduce((sum, bytes) => sum + bytes, 0)).toBe(8);
      await file.close();
      expect(await readFile(join(path, `${size}.log`), 'utf8')).toBe('\0\0\0abcdefgh');
    }
  });

  test('and then nothing is an error', async () => {
    const file = await disk.create('a.log');
    takeOnly((call) => (call === 0 ? 2 : 0));
    await expect(file.write([text('abc')], 0)).rejects.toMatchObject({ code: 'EIO' });
    await file.close();
  });

  test('more buffers than one call takes need several', async () => {
    const file = await disk.create('a.log');
    await file.write(
      Array.from({ length: 3000 }, (_, index) => Uint8Array.of(index)),
      0,
    );
    await file.close();
    expect([...(await readFile(join(path, 'a.log')))]).toEqual(
      Array.from({ length: 3000 }, (_, index) => index & 255),
    );
  });
});

describe('a directory that cannot be used', () => {
  async function refusal(where: string): Promise<string> {
    const error: unknown = await new NodeDisk(where).lock().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'DATA_DIR_UNUSABLE' });
    return (error as Error).message;
  }

  test('because it is a file', async () => {
    await writeFile(join(parent, 'file'), '');
    expect(await refusal(join(parent, 'file'))).toContain('it is not a directory: choose another one');
    expect(await refusal(join(parent, 'file', 'data'))).toContain(
      'it is not a directory, or lies in something',
    );
  });

  test('because this user may not write to it', async () => {
    chmodSync(path, 0o500);
    expect(await asOrdinaryUser(() => refusal(path))).toContain('this user may not write to it');
    chmodSync(path, 0o700);
  });

  test.skipIf(process.platform !== 'linux')('because its file system takes nothing', async () => {
    expect(await refusal('/proc/leveret')).toContain('the data directory /proc/leveret cannot be used');
  });
});

/** Root may write everywhere: it becomes another user meanwhile. */
async function asOrdinaryUser<T>(act: () => Promise<T>): Promise<T> {
  if (process.getuid?.() !== 0) return act();
  process.seteuid?.(65_534);
  try {
    return await act();
  } finally {
    process.seteuid?.(0);
  }
}
