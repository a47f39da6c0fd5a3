import { mkdir, mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { appendBlock, newPage, ReplayedPages } from '../../../test/storage/log-engine-suite.ts';
import { NodeDisk } from './node-disk.ts';
import { type FileEngines, openFileEngines } from './open-file-engines.ts';
import { salvage } from './salvage.ts';
import { verifyStorage } from './verify-storage.ts';

const events = { onEvent: () => {}, onFailure: () => {}, onFull: () => {} };

let path: string;

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'leveret-test-'));
});

afterEach(() => rm(path, { recursive: true, force: true }));

function open(): Promise<FileEngines> {
  return openFileEngines(new NodeDisk(path), events);
}

async function close({ main, cold, spill, release }: FileEngines): Promise<void> {
  for (const engine of [main, cold, spill]) await engine.close();
  await release();
}

/** A run of a broker that appends `text` to both streams. */
async function run(text: string): Promise<string[]> {
  const engines = await open();
  const texts: string[] = [];
  for (const engine of [engines.cold, engines.main]) {
    const replayed = new ReplayedPages();
    await engine.replay(replayed);
    texts.push(...replayed.texts);
    appendBlock(engine, newPage(), [text]);
  }
  await close(engines);
  return texts;
}

test('main and cold survive, each with its own blocks', async () => {
  expect(await run('first')).toEqual([]);
  expect(await run('second')).toEqual(['first', 'first']);
  expect(await run('third')).toEqual(['first', 'second', 'first', 'second']);
});

test('a directory is open once', async () => {
  const engines = await open();
  await expect(open()).rejects.toMatchObject({ code: 'DATA_DIR_IN_USE' });
  await close(engines);
  await close(await open());
});

test('a stream that lost all its files is missed, and the lock is let go', async () => {
  for (const stream of ['main', 'cold']) {
    await run('a');
    for (const name of await readdir(path)) if (name.startsWith(stream)) await rm(join(path, name));
    for (let tries = 0; tries < 2; tries++) {
      await expect(open()).rejects.toMatchObject({
        code: 'DATA_DAMAGED',
        message: expect.stringContaining(`all files ${stream}-*.log are missing or empty`),
      });
    }
    for (const name of await readdir(path)) await rm(join(path, name));
  }
});

test('a first start that was interrupted anywhere is done again', async () => {
  for (const left of [[], ['main-0000000001.log']]) {
    await close(await open());
    for (const name of await readdir(path)) if (!left.includes(name)) await rm(join(path, name));
    expect(await run('a')).toEqual([]);
    for (const name of await readdir(path)) await rm(join(path, name));
  }
});

/** Everything that a log was made of is cut to `bytes`. */
async function cut(bytes: number): Promise<void> {
  for (const name of await readdir(path)) await truncate(join(path, name), bytes);
}

test('streams that lost the contents of all their files are missed, and salvaging lets a broker start', async () => {
  for (const bytes of [0, 30]) {
    for (const others of [[], ['main-0000000002.log'], ['cold-0000000002.log', 'cold-0000000003.log']]) {
      await run('a');
      for (const name of others) await writeFile(join(path, name), '');
      await cut(bytes);
      for (let tries = 0; tries < 2; tries++) {
        await expect(open()).rejects.toMatchObject({ code: 'DATA_DAMAGED' });
      }
      expect((await verifyStorage(new NodeDisk(path))).losses).toHaveLength(2);
      await salvage(new NodeDisk(path), { dryRun: false });
      expect((await verifyStorage(new NodeDisk(path))).losses).toEqual([]);
      expect(await run('b')).toEqual([]);
      expect(await run('c')).toEqual(['b', 'b']);
      await rm(path, { recursive: true });
      await mkdir(path);
    }
  }
});

test('a stream whose only file is a later segment without content is missed, beside one that is new', async () => {
  await close(await open());
  await rm(join(path, 'cold-0000000001.log'));
  await writeFile(join(path, 'cold-0000000002.log'), '');
  await expect(open()).rejects.toMatchObject({ code: 'DATA_DAMAGED' });
});

test('a first start that was interrupted while it made a file is done again', async () => {
  for (const name of ['main-0000000001.log', 'cold-0000000001.log']) {
    for (const bytes of [0, 30]) {
      await close(await open());
      await truncate(join(path, name), bytes);
      if (name.startsWith('main')) await rm(join(path, 'cold-0000000001.log'));
      expect(await run('a')).toEqual([]);
      for (const each of await readdir(path)) await rm(join(path, each));
    }
  }
});
