import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { systemError } from '../../../test/storage/faulty-disk.ts';
import { FileLogUnderTest, type StoredBlock } from '../../../test/storage/file-log-under-test.ts';
import { appendBlock, logEngineSuite, newPage, textsIn } from '../../../test/storage/log-engine-suite.ts';
import { BLOCK_HEADER_BYTES } from './block.ts';
import { NodeDisk } from './node-disk.ts';
import { SEGMENT_HEADER_BYTES } from './segment-header.ts';

const EIO = systemError('EIO');
const ENOSPC = systemError('ENOSPC');

let log: FileLogUnderTest;

beforeEach(async () => {
  log = await FileLogUnderTest.make();
});

afterEach(() => log.remove());

logEngineSuite('FileEngine', () => {
  const engine = log.nextEngine();
  return {
    engine,
    settled: () => log.settled(),
    stores: true,
    reopened: async () => {
      await log.kill();
      return log.nextEngine();
    },
  };
});

/** A log whose segments take one page each. */
async function smallSegments(): Promise<void> {
  await log.remove();
  log = await FileLogUnderTest.make(SEGMENT_HEADER_BYTES + 1);
}

async function lastBlockOf(segment: number): Promise<StoredBlock> {
  return (await log.blocks(segment)).at(-1) as StoredBlock;
}

describe('appending', () => {
  test('before the replay is refused', () => {
    const engine = log.nextEngine();
    expect(() => appendBlock(engine, newPage(), ['a'])).toThrow('append before replay');
  });

  test('writes what arrives during a sync at once, and syncs it once', async () => {
    await log.open();
    const page = newPage();
    appendBlock(log.engine, page, ['first']);
    for (let count = 0; count < 9; count++) appendBlock(log.engine, page, ['other']);
    log.disk.calls.length = 0;
    await log.settled();
    expect(log.disk.calls.filter((call) => call.startsWith('write'))).toHaveLength(1);
    expect(log.disk.calls.filter((call) => call.startsWith('sync main'))).toHaveLength(2);
    const blocks = await log.blocks(1);
    expect(blocks.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(blocks.map(({ durableUpTo }) => durableUpTo)).toEqual([0, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
  });

  test('keeps a group in one write, however late its end comes', async () => {
    await log.open();
    const page = newPage();
    appendBlock(log.engine, page, ['a'], true);
    await new Promise((resolve) => setImmediate(resolve));
    expect(log.disk.calls.filter((call) => call.startsWith('write'))).toHaveLength(1);
    appendBlock(log.engine, newPage(), ['b'], true);
    appendBlock(log.engine, newPage(), ['c']);
    await log.settled();
    expect((await log.blocks(1)).map(({ durableUpTo }) => durableUpTo)).toEqual([0, 0, 0]);
  });

  test('says 50 ms after the last block, once, that it is durable', async () => {
    await log.open();
    await log.write('a', 'b');
    expect(log.timer.delays).toEqual([50]);
    log.timer.fire();
    log.timer.fire();
    await log.engine.close();
    const [seal, ...others] = (await log.blocks(1)).filter(({ isSeal }) => isSeal);
    expect(seal).toMatchObject({ sequence: 2, durableUpTo: 2 });
    expect(others).toEqual([]);
  });

  test('does not seal while blocks come', async () => {
    await log.open();
    await log.write('a');
    await log.write('b');
    log.timer.fire();
    expect(log.timer.delays).toEqual([50]);
    expect((await log.blocks(1)).some(({ isSeal }) => isSeal)).toBe(false);
  });

  test('seals at the end', async () => {
    await log.open();
    await log.write('a');
    await log.engine.close();
    expect(await lastBlockOf(1)).toMatchObject({ isSeal: true, sequence: 1 });
  });

  test('an onDurable that throws is an uncaught exception, and the engine goes on', async () => {
    await log.open();
    const uncaught = new Promise((resolve) => {
      const listeners = process.rawListeners('uncaughtException');
      process.removeAllListeners('uncaughtException');
      process.once('uncaughtException', (error) => {
        for (const listener of listeners) process.on('uncaughtException', listener as () => void);
        resolve(error);
      });
    });
    log.engine.onDurable = () => {
      log.engine.onDurable = () => {};
      throw new Error('onDurable');
    };
    await log.write('a');
    expect(await uncaught).toEqual(new Error('onDurable'));
    await log.write('b');
    expect(log.engine.durableBlock).toBe(2);
    expect(log.failures).toEqual([]);
  });
});

describe('segments', () => {
  beforeEach(smallSegments);

  test('begin with a page, and each says that the next one follows', async () => {
    await log.open();
    for (const text of ['a', 'b', 'c']) await log.write(text);
    await log.settled();
    expect(log.disk.calls.filter((call) => call.startsWith('create')).slice(0, 3)).toEqual([
      'create main-0000000001.log',
      'create main-0000000002.log',
      'create main-0000000003.log',
    ]);
    await log.engine.close();
    expect((await log.blocks(2)).map(({ sequence, isSeal }) => [sequence, isSeal])).toEqual([
      [2, false],
      [2, true],
    ]);
    expect(await log.open()).toEqual(['a', 'b', 'c']);
  });

  test('are synced, with their names, before anything is put in them', async () => {
    await log.open();
    await log.write('a');
    await log.write('b');
    const calls = log.disk.calls.slice(log.disk.calls.indexOf('create main-0000000002.log'));
    const made = calls.filter((call) => call.includes('0002') || call.startsWith('syncD'));
    expect(made.slice(0, 6)).toEqual([
      'create main-0000000002.log',
      'write main-0000000002.log',
      'sync main-0000000002.log',
      'syncDirectory .',
      'write main-0000000002.log',
      'sync main-0000000002.log',
    ]);
  });

  test('never divide a group', async () => {
    await log.open();
    await log.write('a');
    appendBlock(log.engine, newPage(), ['b'], true);
    appendBlock(log.engine, newPage(), ['c'], true);
    appendBlock(log.engine, newPage(), ['d']);
    await log.settled();
    expect((await log.blocks(2)).map(({ sequence }) => sequence)).toEqual([2, 3, 4]);
  });

  test('go, oldest first, when their pages are dropped and the disk says that they are superfluous', async () => {
    await log.open();
    const pages = [await log.write('a'), await log.write('b'), await log.write('c'), await log.write('d')];
    expect(log.engine.oldestBlock).toBe(1);
    const before = log.engine.storedBytes;
    for (const page of pages.slice(0, 2)) log.engine.drop(page);
    expect(log.engine.oldestBlock).toBe(1);
    log.timer.fire();
    await log.engine.close();
    expect(log.engine.oldestBlock).toBe(3);
    expect(log.engine.storedBytes).toBeLessThan(before);
    expect((await log.segments()).slice(0, 2)).toEqual(['main-0000000003.log', 'main-0000000004.log']);
    const removals = log.disk.calls.filter((call) => /^remove|^syncD/.test(call));
    const [first, second] = [1, 2].map((number) => removals.indexOf(`remove main-000000000${number}.log`));
    expect(removals.slice(first, second)).toContain('syncDirectory .');
    expect(second).toBeGreaterThan(first as number);
    expect(await log.open()).toEqual(['c', 'd']);
    expect(log.engine.lastBlock).toBe(4);
  });

  test('do not go before the page that is the oldest', async () => {
    await log.open();
    const pages = [await log.write('a'), await log.write('b'), await log.write('c')];
    log.engine.drop(pages[1] as (typeof pages)[0]);
    log.timer.fire();
    await log.engine.close();
    expect(await log.open()).toEqual(['a', 'b', 'c']);
  });

  test('do not go before what was appended when their pages were dropped is durable', async () => {
    await log.open();
    const old = await log.write('old');
    const copy = newPage();
    appendBlock(log.engine, copy, ['busy']);
    appendBlock(log.engine, newPage(), ['copy of old'], true);
    log.engine.drop(old);
    appendBlock(log.engine, newPage(), ['and its other half']);
    await log.settled();
    // The group of the copy was the first that could say so, and it could be cut off.
    const blocks = [...(await log.blocks(2)), ...(await log.blocks(3))].filter(({ isSeal }) => !isSeal);
    expect(blocks.map(({ sequence, oldestSegment }) => [sequence, oldestSegment])).toEqual([
      [2, 1],
      [3, 1],
      [4, 1],
    ]);
    log.timer.fire();
    await log.engine.close();
    expect(await log.segments()).not.toContain('main-0000000001.log');
    expect(await log.open()).toEqual(['busy', 'copy of old', 'and its other half']);
  });

  test('that cannot be removed are left to the next start', async () => {
    await log.open();
    const page = await log.write('a');
    await log.write('b');
    log.disk.fault = (call) => (call === 'remove' ? EIO : undefined);
    log.engine.drop(page);
    log.timer.fire();
    await log.engine.close();
    expect(log.texts).toEqual([expect.stringContaining('is not needed any more cannot be removed')]);
    log.disk.fault = () => undefined;
    expect(await log.open()).toEqual(['a', 'b']);
    for (const each of log.replayed.pages.slice(0, 1)) log.engine.drop(each);
    log.timer.fire();
    await log.engine.close();
    expect(await log.open()).toEqual(['b']);
  });

  test('that could not be removed are removed with a later seal, and the failure is said once', async () => {
    const sealUntil = async (isDone: () => boolean): Promise<void> => {
      while (!isDone()) {
        log.timer.fire();
        await new Promise((done) => setImmediate(done));
      }
    };
    await log.open();
    const pages = [await log.write('a'), await log.write('b'), await log.write('c')];
    let failures = 0;
    log.disk.fault = (call) => (call === 'remove' && ++failures > 0 ? systemError('EBUSY') : undefined);
    for (const page of pages.slice(0, 2)) {
      const before = failures;
      log.engine.drop(page);
      await sealUntil(() => failures > before);
    }
    expect(log.texts).toEqual([expect.stringContaining('cannot be removed')]);
    log.disk.fault = () => undefined;
    await log.write('d');
    await sealUntil(() => log.engine.oldestBlock === 3);
    expect((await log.segments())[0]).toBe('main-0000000003.log');
    await log.engine.close();
    expect(await log.open()).toEqual(['c', 'd']);
  });

  test('that somebody else removed are gone', async () => {
    await log.open();
    const page = await log.write('a');
    await log.write('b');
    await rm(join(log.path, 'main-0000000001.log'));
    log.engine.drop(page);
    log.timer.fire();
    await log.engine.close();
    expect(log.texts).toEqual([]);
    expect(log.engine.oldestBlock).toBe(2);
    expect(await log.open()).toEqual(['b']);
  });

  test('are not given up for a page that is not durable', async () => {
    await log.open();
    const page = newPage();
    appendBlock(log.engine, page, ['a']);
    expect(() => log.engine.drop(page)).toThrow('is dropped, and block 1 of it is not durable');
    await log.settled();
    log.engine.drop(page);
  });

  test('that one is read from are not closed before it is read', async () => {
    await log.open();
    const page = await log.write('a');
    await log.write('b');
    const into = new Uint8Array(page.end);
    const loading = log.engine.load(page, into);
    log.engine.drop(page);
    log.timer.fire();
    await loading;
    expect(textsIn(into, page.end)).toEqual(['a']);
    await log.engine.close();
  });
});

describe('a page', () => {
  test('that seals came between is read back without them', async () => {
    await log.open();
    const page = newPage();
    for (const text of ['a', 'b', 'c']) {
      appendBlock(log.engine, page, [text]);
      await log.settled();
      log.timer.fire();
      while ((await log.blocks(1)).at(-1)?.isSeal !== true) await new Promise((done) => setImmediate(done));
    }
    expect((await log.blocks(1)).map(({ isSeal }) => isSeal)).toEqual([
      false,
      true,
      false,
      true,
      false,
      true,
    ]);
    for (const load of ['load', 'loadNow'] as const) {
      const into = new Uint8Array(page.end);
      await log.engine[load](page, into);
      expect(into).toEqual(page.bytes.subarray(0, page.end));
    }
  });

  test('that has changed on the disk is not handed out', async () => {
    await log.open();
    const page = await log.write('abc');
    await log.flipBit(1, SEGMENT_HEADER_BYTES + BLOCK_HEADER_BYTES + 6);
    const into = new Uint8Array(page.end);
    await expect(log.engine.load(page, into)).rejects.toMatchObject({ code: 'DATA_DAMAGED' });
    expect(() => log.engine.loadNow(page, into)).toThrow('has changed at offset 64');
  });

  test('that cannot be read is an error that names file and offset', async () => {
    await log.open();
    const page = await log.write('abc');
    log.disk.fault = (call) => (call === 'read' ? EIO : undefined);
    const into = new Uint8Array(page.end);
    await expect(log.engine.load(page, into)).rejects.toMatchObject({ code: 'DISK_FAILED' });
    expect(() => log.engine.loadNow(page, into)).toThrow('reading main-0000000001.log at 64');
  });
});

describe('when a write or a sync fails', () => {
  for (const call of ['write', 'sync'] as const) {
    test(`(${call}) everything that is not durable goes to a new file, and is confirmed only then`, async () => {
      await log.open();
      const page = await log.write('a');
      let failed = 0;
      log.disk.fault = (each, name) =>
        each === call && name.endsWith('1.log') && ++failed > 0 ? EIO : undefined;
      log.disk.bytesDone = 70;
      const durable: number[] = [];
      log.engine.onDurable = () => durable.push(log.engine.durableBlock);
      appendBlock(log.engine, page, ['b']);
      appendBlock(log.engine, page, ['c']);
      await log.settled();
      expect(failed).toBe(1);
      expect(durable).toEqual([3]);
      expect(log.texts).toEqual([expect.stringContaining('EIO')]);
      const into = new Uint8Array(page.end);
      await log.engine.load(page, into);
      expect(textsIn(into, page.end)).toEqual(['a', 'b', 'c']);
      await log.write('d');
      await log.kill();
      expect(await log.open()).toEqual(['a', 'b', 'c', 'd']);
      await log.write('e');
      await log.kill();
      expect(await log.open()).toEqual(['a', 'b', 'c', 'd', 'e']);
    });
  }

  test('twice in a row, nothing more is ever durable, and that is said once', async () => {
    await log.open();
    await log.write('a');
    log.disk.fault = (call) => (call === 'sync' ? EIO : undefined);
    appendBlock(log.engine, newPage(), ['b']);
    await log.settled();
    log.disk.fault = () => undefined;
    appendBlock(log.engine, newPage(), ['c']);
    await new Promise((resolve) => setImmediate(resolve));
    expect(log.failures).toMatchObject([{ code: 'DISK_FAILED' }]);
    expect(log.engine.durableBlock).toBe(1);
    await expect(log.engine.close()).rejects.toMatchObject({ code: 'DISK_FAILED' });
    expect(log.failures).toHaveLength(1);
  });

  test('two failures with a success between them are two first ones', async () => {
    await log.open();
    for (const text of ['a', 'b', 'c']) {
      let failed = false;
      log.disk.fault = (call) => {
        if (failed || call !== 'write') return undefined;
        failed = true;
        return EIO;
      };
      await log.write(text);
    }
    expect(log.failures).toEqual([]);
    expect((await log.segments()).at(-1)).toBe('main-0000000004.log');
    await log.engine.close();
    expect(await log.open()).toEqual(['a', 'b', 'c']);
  });

  test('what was cut off from a failed file does not come back beside what took its numbers', async () => {
    await log.open();
    await log.write('a');
    let syncs = 0;
    // The blocks reach the first file, but not for certain; the new one is never finished.
    log.disk.fault = (call, name) => {
      if (call === 'sync' && name.endsWith('1.log') && ++syncs === 1) return EIO;
      return call === 'write' && name.endsWith('2.log') && syncs > 0 && isBatch() ? EIO : undefined;
    };
    let writes = 0;
    const isBatch = (): boolean => ++writes > 2;
    log.disk.bytesDone = 50;
    appendBlock(log.engine, newPage(), ['old b']);
    await log.settled();
    await log.kill();
    expect(await log.open()).toEqual(['a']);
    await log.write('new b');
    await log.kill();
    expect(await log.open()).toEqual(['a', 'new b']);
  });
});

describe('on a full disk', () => {
  test('everything waits until there is room, and goes on by itself', async () => {
    await log.open();
    await log.write('a');
    log.disk.fault = (call, name) =>
      (call === 'write' || call === 'create') && name !== '' ? ENOSPC : undefined;
    log.disk.free = 0;
    log.disk.bytesDone = 60;
    appendBlock(log.engine, newPage(), ['b']);
    for (let polls = 0; polls < 5; polls++) {
      while (!log.timer.delays.includes(500)) await new Promise((done) => setImmediate(done));
      log.timer.fire();
    }
    expect(log.full).toEqual([true]);
    expect(log.engine.durableBlock).toBe(1);
    // The last poll asks for the room that is left only now.
    log.disk.fault = () => undefined;
    log.disk.free = 2 ** 30;
    await log.settled();
    expect(log.full).toEqual([true, false]);
    expect(log.failures).toEqual([]);
    await log.kill();
    expect(await log.open()).toEqual(['a', 'b']);
  });

  test('files that are superfluous go first', async () => {
    await smallSegments();
    await log.open();
    const pages = [await log.write('a'), await log.write('b'), await log.write('c')];
    let isFirst = true;
    log.disk.fault = (call, name) => {
      if (call !== 'write' || !name.endsWith('4.log') || !isFirst) return undefined;
      isFirst = false;
      return ENOSPC;
    };
    await new Promise((done) => setImmediate(done));
    for (const page of pages.slice(0, 2)) log.engine.drop(page);
    await log.write('d');
    await log.engine.close();
    expect(await log.segments()).not.toContain('main-0000000002.log');
    expect(await log.open()).toEqual(['c', 'd']);
  });

  test('it can be stopped, and says that not everything was written', async () => {
    await log.open();
    log.disk.fault = (call) => (call === 'write' ? ENOSPC : undefined);
    appendBlock(log.engine, newPage(), ['a']);
    while (!log.timer.delays.includes(500)) await new Promise((done) => setImmediate(done));
    await expect(log.engine.close()).rejects.toThrow('the disk is full, and the broker stops');
    log.disk.fault = () => undefined;
    expect(await log.open()).toEqual([]);
  });

  test('it can be stopped while it looks whether there is room', async () => {
    await log.open();
    log.disk.fault = (call) => (call === 'write' ? ENOSPC : undefined);
    let answer: (bytes: number) => void = () => {};
    log.disk.freeBytes = () => new Promise((resolve) => (answer = resolve));
    const asked = vi.spyOn(log.disk, 'freeBytes');
    appendBlock(log.engine, newPage(), ['a']);
    while (!log.timer.delays.includes(500)) await new Promise((done) => setImmediate(done));
    log.timer.fire();
    await expect.poll(() => asked.mock.calls.length).toBe(1);
    const closing = log.engine.close();
    answer(0);
    await expect(closing).rejects.toThrow('the disk is full, and the broker stops');
  });
});

describe('opening', () => {
  test('gives every start a higher incarnation, and goes on with the numbers', async () => {
    await log.open();
    await log.write('a');
    await log.engine.close();
    await log.open();
    await log.write('b');
    await log.kill();
    await log.open();
    await log.write('c');
    const blocks = (await log.blocks(1)).filter(({ isSeal }) => !isSeal);
    expect(blocks.map(({ sequence, incarnation }) => [sequence, incarnation])).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
  });

  test('writes again what no header says to be durable', async () => {
    await log.open();
    await log.write('a', 'b');
    await log.kill();
    log.disk.calls.length = 0;
    expect(await log.open()).toEqual(['a', 'b']);
    expect(log.disk.calls).toEqual([
      'create main-0000000001.log.new',
      'write main-0000000001.log.new',
      'write main-0000000001.log.new',
      'sync main-0000000001.log.new',
      'close main-0000000001.log.new',
      'rename main-0000000001.log',
      'syncDirectory .',
      'close main-0000000001.log',
      'syncDirectory .',
    ]);
    expect(log.texts).toEqual([]);
  });

  test('cuts off a torn tail at every length, keeps it aside and says so', async () => {
    await log.open();
    await log.write('a', 'b', 'c');
    await log.kill();
    const whole = await log.read(1);
    const last = (await log.blocks(1)).at(-1) as StoredBlock;
    for (let length = last.offset + 1; length < last.end; length++) {
      await log.change(1, () => whole.subarray(0, length));
      expect(await log.open()).toEqual(['a', 'b']);
      expect(log.texts).toEqual([
        expect.stringContaining(`${length - last.offset} bytes, from offset ${last.offset}`),
      ]);
      await log.kill();
      expect(await log.open()).toEqual(['a', 'b']);
      expect(log.texts).toEqual([]);
      await log.kill();
    }
    expect(await log.quarantine()).toContain(`main-0000000001.log-from-${last.offset}-incarnation-2`);
  }, 120_000);

  /** A start whose log ends in bytes of a write that was cut short. */
  async function openTorn(): Promise<void> {
    await log.kill();
    await log.change(1, (bytes) => Buffer.concat([bytes, Buffer.from('torn')]));
    expect(await log.open()).toEqual(['a']);
  }

  test('keeps the newest sixteen torn tails, and what else is in quarantine', async () => {
    const { list } = new NodeDisk(log.path);
    log.disk.list = list.bind(new NodeDisk(log.path));
    await log.open();
    await log.write('a');
    await openTorn();
    await rename(
      join(log.path, 'quarantine', (await log.quarantine())[0] as string),
      join(log.path, 'quarantine', 'main-0000000001.log-before-salvage-2'),
    );
    for (let count = 0; count < 20; count++) await openTorn();
    const kept = (await log.quarantine()).filter((name) => name.includes('-incarnation-'));
    const incarnations = kept.map((name) => Number(name.split('-').at(-1))).sort((a, b) => a - b);
    expect(incarnations).toEqual(Array.from({ length: 16 }, (_, index) => index + 7));
    expect(await log.quarantine()).toContain('main-0000000001.log-before-salvage-2');
  });

  test('cuts off a torn tail without keeping it when there is no room for that, and says so', async () => {
    await log.open();
    await log.write('a');
    await log.kill();
    await log.change(1, (bytes) => Buffer.concat([bytes, Buffer.from('torn')]));
    let isCopied = false;
    log.disk.bytesDone = 2;
    log.disk.fault = (call) => {
      if (call !== 'write' || isCopied) return undefined;
      isCopied = true;
      return ENOSPC;
    };
    expect(await log.open()).toEqual(['a']);
    expect(log.texts).toEqual([
      expect.stringContaining('they were cut off, and there was no room to keep them'),
    ]);
    expect(await log.quarantine()).toEqual([]);
    expect(await log.segments()).toEqual(['main-0000000001.log']);
  });

  test('cuts off a group without its end', async () => {
    await log.open();
    await log.write('a');
    const page = newPage();
    appendBlock(log.engine, page, ['b'], true);
    appendBlock(log.engine, page, ['c']);
    await log.settled();
    await log.kill();
    const [, b, c] = (await log.blocks(1)) as [StoredBlock, StoredBlock, StoredBlock];
    await log.truncate(1, c.offset);
    expect(b.end).toBe(c.offset);
    expect(await log.open()).toEqual(['a']);
    expect(log.engine.lastBlock).toBe(1);
  });

  test('removes a file that was never finished', async () => {
    await log.open();
    await log.write('a');
    await log.engine.close();
    for (const length of [0, 30, 64]) {
      const empty = await log.disk.create('main-0000000002.log');
      await empty.truncate(length);
      await empty.close();
      expect(await log.open()).toEqual(['a']);
      await log.engine.close();
      expect(await log.segments()).toEqual(['main-0000000001.log']);
    }
  });

  test('hands out pages of whole groups, as long as a page may be', async () => {
    await log.open();
    const text = 'x'.repeat(60_000);
    for (let count = 0; count < 200; count++) {
      const page = newPage();
      appendBlock(log.engine, page, [text], count % 3 !== 2 && count < 198);
    }
    await log.settled();
    await log.engine.close();
    const texts = await log.open();
    expect(texts).toHaveLength(200);
    const { pages } = log.replayed;
    expect(Math.max(...pages.map(({ end }) => end))).toBeLessThanOrEqual(4 * 2 ** 20);
    expect(pages.length).toBeLessThanOrEqual(12 * 2);
    for (const page of pages) await log.engine.load(page, new Uint8Array(page.end));
    const numbers = pages.flatMap(({ firstBlock, lastBlock }) => [firstBlock, lastBlock]);
    expect(numbers[0]).toBe(1);
    expect(numbers.at(-1)).toBe(200);
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  });

  test('takes a block that is larger than any page, and a group that is larger than its memory', async () => {
    await log.open();
    const large = newPage(10 * 2 ** 20);
    appendBlock(log.engine, large, ['y'.repeat(9 * 2 ** 20)]);
    for (let count = 0; count < 5; count++) {
      appendBlock(log.engine, newPage(4 * 2 ** 20), ['z'.repeat(4_000_000)], count < 4);
    }
    await log.settled();
    await log.engine.close();
    expect((await log.open()).map((text) => text.length)).toEqual([9 * 2 ** 20, ...Array(5).fill(4_000_000)]);
  });

  test('does not hand out the group that a disk error interrupts', async () => {
    await log.open();
    await log.write('a');
    await log.engine.close();
    log.disk.fault = (call) => (call === 'read' ? EIO : undefined);
    await expect(log.open()).rejects.toMatchObject({ code: 'DISK_FAILED' });
  });

  for (const call of ['sync', 'syncDirectory', 'write', 'rename', 'create'] as const) {
    test(`fails when ${call} fails, and the next start finds everything`, async () => {
      await log.open();
      await log.write('a', 'b');
      await log.kill();
      log.disk.fault = (each) => (each === call ? EIO : undefined);
      await expect(log.open()).rejects.toMatchObject({ code: 'DISK_FAILED' });
      log.disk.fault = () => undefined;
      expect(await log.open()).toEqual(['a', 'b']);
    });
  }
});

describe('damage', () => {
  beforeEach(smallSegments);

  /** Four segments with a block each, and a clean end. */
  async function makeLog(): Promise<void> {
    await log.open();
    for (const text of ['a', 'b', 'c', 'd']) await log.write(text);
    await log.engine.close();
    expect((await log.segments()).slice(0, 4)).toHaveLength(4);
  }

  async function refusal(): Promise<string> {
    const error = await log.open().then(
      (texts) => new Error(`it was opened: ${texts.join(' ')}`),
      (reason: Error) => reason,
    );
    expect(error).toMatchObject({ code: 'DATA_DAMAGED' });
    expect(error.message).toContain(`leveret recover --data-dir ${log.path}`);
    return error.message;
  }

  test('in a block in the middle is found, and said where', async () => {
    await makeLog();
    for (const offset of [64, 64 + 20, 64 + 46, 64 + 50, 64 + 53]) {
      await log.flipBit(2, offset);
      const message = await refusal();
      expect(message).toContain(
        'main-0000000002.log is damaged or ends too early at offset 64: block 2 is not there',
      );
      expect(message).toContain('blocks up to 4 were durable');
      await log.flipBit(2, offset);
    }
    expect(await log.open()).toEqual(['a', 'b', 'c', 'd']);
  });

  test('in the oldest block is found although nothing says which it was', async () => {
    await makeLog();
    await log.open();
    for (const page of log.replayed.pages.slice(0, 2)) log.engine.drop(page);
    log.timer.fire();
    await log.engine.close();
    expect((await log.segments())[0]).toBe('main-0000000003.log');
    await log.flipBit(3, 70);
    expect(await refusal()).toContain(
      'main-0000000003.log is damaged or ends too early at offset 64: block 3',
    );
  });

  test('in the header of a segment is found', async () => {
    await makeLog();
    for (const segment of [1, 3, 4]) {
      await log.flipBit(segment, 13);
      expect(await refusal()).toContain(`the header of main-000000000${segment}.log is damaged`);
      await log.flipBit(segment, 13);
    }
  });

  test('in a seal loses nothing, and is said', async () => {
    await makeLog();
    const seal = (await log.blocks(2)).find(({ isSeal }) => isSeal) as StoredBlock;
    await log.flipBit(2, seal.offset + 9);
    expect(await log.open()).toEqual(['a', 'b', 'c', 'd']);
    expect(log.texts.join()).toContain(`main-0000000002.log`);
    await log.engine.close();
    log.texts.length = 0;
    expect(await log.open()).toEqual(['a', 'b', 'c', 'd']);
    expect(log.texts).toEqual([]);
  });

  test('by truncation is found at every length', async () => {
    await makeLog();
    const whole = await log.read(2);
    const [block] = (await log.blocks(2)) as [StoredBlock];
    for (let length = 0; length < block.end; length += 7) {
      await log.truncate(2, length);
      await refusal();
      await log.change(2, () => whole);
    }
    expect(await log.open()).toEqual(['a', 'b', 'c', 'd']);
  });

  test('by a missing segment is found: the oldest, one in the middle, the newest', async () => {
    await makeLog();
    const [first, second, third, fourth, ahead] = (await log.segments()) as [
      string,
      string,
      string,
      string,
      string,
    ];
    // Nothing was ever put in the one that was made ahead of time.
    await rm(join(log.path, ahead));
    for (const name of [first, second, third, fourth]) {
      await rename(join(log.path, name), join(log.path, 'elsewhere'));
      expect(await refusal()).toContain(`${name} is missing`);
      await rename(join(log.path, 'elsewhere'), join(log.path, name));
    }
    await log.open();
    for (const page of log.replayed.pages.slice(0, 2)) log.engine.drop(page);
    await log.engine.close();
    await rm(join(log.path, 'main-0000000003.log'));
    expect(await refusal()).toContain('main-0000000003.log is missing');
  });

  test('of a segment that was made ahead of time, used after a restart, and lost as a whole is found', async () => {
    const long = 'a'.repeat(1500);
    for (const restarts of [1, 3]) {
      await log.remove();
      log = await FileLogUnderTest.make(2000);
      await log.open();
      await log.write(long);
      await log.engine.close();
      for (let count = 1; count <= restarts; count++) {
        expect(await log.open()).toEqual([long]);
        if (count === restarts) await log.write('b');
        await log.engine.close();
      }
      const second = 'main-0000000002.log';
      expect((await log.segments()).at(-1)).toBe(second);
      const whole = await log.read(2);
      for (const length of [0, 30, 63]) {
        await log.truncate(2, length);
        expect(await refusal()).toContain(`the header of ${second} is damaged`);
        await log.change(2, () => whole);
      }
      await rename(join(log.path, second), join(log.path, 'elsewhere'));
      expect(await refusal()).toContain(`${second} is missing`);
      await rename(join(log.path, 'elsewhere'), join(log.path, second));
      expect(await log.open()).toEqual([long, 'b']);
    }
  });

  test('by two segments whose names were exchanged is found', async () => {
    await makeLog();
    const [second, third] = [await log.read(2), await log.read(3)];
    await log.change(2, () => third);
    await log.change(3, () => second);
    expect(await refusal()).toContain('main-0000000002.log holds what was written to main-0000000003.log');
  });

  test('by a segment of another data directory is found', async () => {
    await makeLog();
    await log.change(3, (bytes) => {
      bytes[16] = (bytes[16] as number) ^ 1;
      return bytes;
    });
    await refusal();
  });

  test('changes nothing', async () => {
    await makeLog();
    await log.flipBit(2, 70);
    const before = await Promise.all([1, 2, 3, 4].map((segment) => log.read(segment)));
    await refusal();
    expect(await Promise.all([1, 2, 3, 4].map((segment) => log.read(segment)))).toEqual(before);
    expect(await log.quarantine()).toEqual([]);
  });

  test('of any bit is found, or loses nothing', async () => {
    await makeLog();
    const whole = await Promise.all([1, 2, 3, 4].map((segment) => log.read(segment)));
    for (const [index, bytes] of whole.entries()) {
      for (let offset = 0; offset < bytes.length; offset++) {
        await log.flipBit(index + 1, offset, offset % 8);
        const texts = await log.open().catch((error: unknown) => error);
        if (Array.isArray(texts)) {
          expect(texts).toEqual(['a', 'b', 'c', 'd']);
          expect(log.texts.length, `bit of byte ${offset} of segment ${index + 1}`).toBeGreaterThan(0);
          log.texts.length = 0;
          await log.kill();
        } else {
          expect(texts).toMatchObject({ code: expect.stringMatching(/^DATA_/) });
        }
        for (const [number, original] of whole.entries()) await log.change(number + 1, () => original);
      }
    }
  }, 120_000);

  test('another format version is said to be one', async () => {
    await makeLog();
    const { encodeSegmentHeader } = await import('./segment-header.ts');
    const { crc32 } = await import('node:zlib');
    const header = encodeSegmentHeader({ stream: 'main', number: 1, incarnation: 1, identity: 1 });
    header[7] = 9;
    new DataView(header.buffer).setUint32(60, crc32(header.subarray(0, 60)), true);
    await log.change(1, (bytes) => {
      bytes.set(header);
      return bytes;
    });
    await expect(log.open()).rejects.toMatchObject({
      code: 'DATA_FORMAT',
      message: expect.stringContaining('has format version 9, and this Leveret reads version 1'),
    });
  });
});
