import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FaultyDisk, systemError } from '../../../test/storage/faulty-disk.ts';
import { appendBlock, logEngineSuite, newPage, textsIn } from '../../../test/storage/log-engine-suite.ts';
import { ManualTimer } from '../../../test/storage/manual-timer.ts';
import type { LogPage } from '../log-page.ts';
import { NodeDisk } from './node-disk.ts';
import { SpillEngine } from './spill-engine.ts';

let path: string;
let disk: FaultyDisk;
let timer: ManualTimer;
let engine: SpillEngine;
let texts: string[];
let full: boolean[];

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'leveret-test-'));
  disk = new FaultyDisk(new NodeDisk(path));
  timer = new ManualTimer();
  texts = [];
  full = [];
  engine = open();
});

afterEach(async () => {
  disk.fault = () => undefined;
  await engine.close();
  await rm(path, { recursive: true, force: true });
});

/** Its files take one page each. */
function open(): SpillEngine {
  const events = {
    onEvent: ({ text }: { readonly text: string }) => texts.push(text),
    onFailure: () => expect.unreachable('messages that need not survive cannot stop a broker'),
    onFull: (on: boolean) => full.push(on),
  };
  return new SpillEngine(disk, { events, timer, fileBytesMax: 1 });
}

async function settled(): Promise<void> {
  while (engine.durableBlock < engine.lastBlock) await new Promise((resolve) => setImmediate(resolve));
}

async function spill(text: string): Promise<LogPage> {
  const page = newPage();
  appendBlock(engine, page, [text]);
  await settled();
  return page;
}

logEngineSuite('SpillEngine', () => {
  engine = new SpillEngine(disk, {
    events: { onEvent: () => {}, onFailure: () => {}, onFull: () => {} },
    timer,
  });
  return { engine, settled, stores: true };
});

test('files of an earlier run are removed, and no others', async () => {
  await writeFile(join(path, 'spill-17.log'), 'x');
  await writeFile(join(path, 'main-0000000001.log'), 'x');
  await engine.replay();
  expect(await readdir(path)).toEqual(['main-0000000001.log']);
});

test('nothing is synced', async () => {
  await spill('a');
  expect(disk.calls).toEqual(['create spill-1.log', 'write spill-1.log']);
});

test('pages are dropped in any order, and a file goes with its last one', async () => {
  const pages = [await spill('a'), await spill('b'), await spill('c')] as const;
  expect((await readdir(path)).sort()).toEqual(['spill-1.log', 'spill-2.log', 'spill-3.log']);
  const before = engine.storedBytes;
  engine.drop(pages[1]);
  await expect.poll(() => readdir(path)).toHaveLength(2);
  engine.drop(pages[0]);
  engine.drop(pages[2]);
  await expect.poll(() => readdir(path)).toEqual([]);
  expect(before).toBeGreaterThan(0);
  expect(engine.storedBytes).toBe(0);
});

test('a page that is dropped before it was written is not written', async () => {
  const pages = [newPage(), newPage(), newPage()];
  for (const page of pages) appendBlock(engine, page, ['x']);
  for (const page of pages.slice(1)) engine.drop(page);
  await settled();
  expect(disk.calls).toEqual(['create spill-1.log', 'write spill-1.log']);
});

test('a page that is dropped while it is read is read to its end', async () => {
  const page = await spill('a');
  const into = new Uint8Array(page.end);
  const loading = engine.load(page, into);
  engine.drop(page);
  await loading;
  expect(textsIn(into, page.end)).toEqual(['a']);
  await expect.poll(() => readdir(path)).toEqual([]);
});

test('a page that has changed on the disk is not handed out', async () => {
  const page = await spill('a');
  await writeFile(join(path, 'spill-1.log'), new Uint8Array(page.end));
  const into = new Uint8Array(page.end);
  await expect(engine.load(page, into)).rejects.toThrow('spill-1.log has changed at offset 0');
  expect(() => engine.loadNow(page, into)).toThrow('spill-1.log has changed at offset 0');
});

test('a page that cannot be read is an error that names file and offset', async () => {
  const page = await spill('a');
  disk.fault = (call) => (call === 'read' ? systemError('EIO') : undefined);
  const into = new Uint8Array(page.end);
  await expect(engine.load(page, into)).rejects.toMatchObject({ code: 'DISK_FAILED' });
  expect(() => engine.loadNow(page, into)).toThrow('the disk under');
  expect(() => engine.loadNow(page, into)).toThrow('reading spill-1.log at 0');
});

test('what cannot be written is kept waiting and tried again, in another file', async () => {
  disk.fault = (call) => (call === 'write' ? systemError('ENOSPC') : undefined);
  const page = newPage();
  appendBlock(engine, page, ['a']);
  for (let tries = 0; tries < 3; tries++) {
    while (timer.delays.length === 0) await new Promise((resolve) => setImmediate(resolve));
    if (tries === 2) disk.fault = () => undefined;
    timer.fire();
  }
  await settled();
  expect(texts).toEqual([expect.stringContaining('they stay in memory until they can')]);
  expect(full).toEqual([true, false]);
  const into = new Uint8Array(page.end);
  await engine.load(page, into);
  expect(textsIn(into, page.end)).toEqual(['a']);
});

test('closing gives up what waits, and leaves no file', async () => {
  await spill('a');
  disk.fault = (call) => (call === 'write' ? systemError('EIO') : undefined);
  appendBlock(engine, newPage(), ['b']);
  while (timer.delays.length === 0) await new Promise((resolve) => setImmediate(resolve));
  disk.fault = () => undefined;
  await engine.close();
  expect(await readdir(path)).toEqual([]);
});
