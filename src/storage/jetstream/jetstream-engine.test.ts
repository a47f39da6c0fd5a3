import { beforeEach, describe, expect, test } from 'vitest';
import {
  appendBlock,
  logEngineSuite,
  newPage,
  ReplayedPages,
  textsIn,
} from '../../../test/storage/log-engine-suite.ts';
import { SimulatedCluster, type SimulatedNode } from '../../../test/storage/simulated-cluster.ts';
import type { RequestFault } from '../../../test/storage/simulated-replicated-log.ts';
import type { LogEngine } from '../log-engine.ts';
import type { LogPage } from '../log-page.ts';
import { ENTRY_HEADER_BYTES, type EntryHeader, readEntry } from './entry.ts';
import type { ReplicatedLog } from './replicated-log.ts';

logEngineSuite('JetStreamEngine', async () => {
  const cluster = new SimulatedCluster();
  cluster.time.passByItself();
  let node = cluster.node();
  await node.open();
  const settled = async (): Promise<void> => {
    const { engine } = node;
    while (engine.durableBlock < engine.lastBlock) await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    engine: node.engine,
    settled,
    stores: true,
    reopened: async () => {
      await node.close();
      node = cluster.node();
      await node.open();
      return node.engine;
    },
  };
});

let cluster: SimulatedCluster;
let node: SimulatedNode;
let engine: LogEngine;

beforeEach(() => begin());

/** A node owns the streams; with entries of at most `entryBytesMax`. */
async function begin(entryBytesMax?: number): Promise<void> {
  cluster = new SimulatedCluster(entryBytesMax);
  node = await cluster.owner();
  engine = node.engine;
}

/** What the owner appended to main behind its fence: what it tried last in each place. */
function appended(): EntryHeader[] {
  const headers = node.main.appends.map(({ sequence, bytes }) => header(sequence, bytes));
  return headers.filter(({ kind, sequence }, index) => {
    return kind !== 'fence' && headers.findLastIndex((each) => each.sequence === sequence) === index;
  });
}

function header(sequence: number, bytes: Uint8Array): EntryHeader {
  const reading = readEntry(bytes, { stream: 'main', sequence, identity: undefined });
  if (reading.kind !== 'sound') throw new Error(`entry ${sequence} is ${reading.kind}`);
  return reading.header;
}

function entryAt(sequence: number): EntryHeader {
  return header(sequence, cluster.main.entries.get(sequence) as Uint8Array);
}

/** The texts that another node finds in main. */
async function found(): Promise<string[]> {
  return (await cluster.owner()).replayed.texts;
}

/** A page with one block of each text, durable. */
async function write(...texts: readonly string[]): Promise<LogPage> {
  const page = newPage();
  for (const text of texts) appendBlock(engine, page, [text]);
  await node.settled();
  return page;
}

/** The next appends go wrong in these ways, and all later ones are sound. */
function faults(...list: readonly RequestFault[]): void {
  const left = [...list];
  node.main.fault = (kind) => (kind === 'append' ? (left.shift() ?? 'sound') : 'sound');
}

describe('what is appended', () => {
  test('waits while an entry is on its way, and goes with the next one', async () => {
    for (const text of ['a', 'b', 'c']) appendBlock(engine, newPage(), [text]);
    expect(node.main.appends).toHaveLength(2);
    await node.settled();
    expect(appended().map(({ blockCount }) => blockCount)).toEqual([1, 2]);
    expect(await found()).toEqual(['a', 'b', 'c']);
  });

  test('is sent one entry at a time', async () => {
    const { append } = node.main;
    let [underWay, most] = [0, 0];
    node.main.append = async (sequence, bytes) => {
      most = Math.max(most, ++underWay);
      const result = await append.call(node.main, sequence, bytes);
      underWay--;
      return result;
    };
    for (let count = 0; count < 100; count++) {
      appendBlock(engine, newPage(), ['x'.repeat(100)]);
      if (count % 7 === 0) await cluster.time.pass(1);
    }
    await node.settled();
    expect(most).toBe(1);
    expect(appended().length).toBeGreaterThan(2);
  });

  test('fills an entry with whole groups, as many as fit', async () => {
    await begin(ENTRY_HEADER_BYTES + 1000);
    appendBlock(engine, newPage(), ['first']);
    for (let count = 0; count < 10; count++) appendBlock(engine, newPage(), ['x'.repeat(283)]);
    await node.settled();
    expect(appended().map(({ blockCount }) => blockCount)).toEqual([1, 3, 3, 3, 1]);
  });

  test('is not sent before its group is complete, and then as one, over pages', async () => {
    const pages = [newPage(), newPage(), newPage()] as const;
    appendBlock(engine, pages[0], ['a'], true);
    appendBlock(engine, pages[1], ['b'], true);
    await cluster.time.pass(100);
    expect(appended()).toEqual([]);
    appendBlock(engine, pages[2], ['c']);
    await node.settled();
    expect(appended()).toMatchObject([{ kind: 'blocks', firstBlock: 1, blockCount: 3 }]);
    expect(await found()).toEqual(['a', 'b', 'c']);
  });

  test('of a group without its end nothing is there later', async () => {
    appendBlock(engine, newPage(), ['a']);
    appendBlock(engine, newPage(), ['b'], true);
    await cluster.time.pass(100);
    expect(engine.durableBlock).toBe(1);
    const next = await cluster.owner();
    expect(next.replayed.texts).toEqual(['a']);
    expect(next.engine.lastBlock).toBe(1);
  });

  test('is sent at once, and called durable later', async () => {
    appendBlock(engine, newPage(), ['a']);
    expect(node.main.appends).toHaveLength(2);
    expect(engine.durableBlock).toBe(0);
    await node.settled();
    expect(engine.durableBlock).toBe(1);
  });

  test('cannot be appended before the replay, or after the end', async () => {
    const next = cluster.node();
    await cluster.time.ends(next.open());
    expect(() => appendBlock(next.engine, newPage(), ['a'])).toThrow('append before replay');
    await cluster.time.ends(node.close());
    expect(() => appendBlock(engine, newPage(), ['a'])).toThrow('after close');
  });
});

describe('a group that is larger than an entry', () => {
  const LARGE = 'x'.repeat(3 * 2 ** 20);

  test('goes in parts, and is durable with the last one', async () => {
    const page = newPage(4 * 2 ** 20);
    const durable: number[] = [];
    engine.onDurable = () => durable.push(cluster.main.last);
    appendBlock(engine, page, [LARGE]);
    appendBlock(engine, newPage(), ['behind it']);
    await node.settled();
    const parts = appended().filter(({ kind }) => kind === 'part');
    expect(parts.map(({ part }) => part)).toEqual(Array.from({ length: parts.length }, (_, index) => index));
    expect(new Set(parts.map(({ partCount }) => partCount))).toEqual(new Set([parts.length]));
    expect(parts.map(({ blockCount }) => blockCount).filter((count) => count > 0)).toEqual([1]);
    expect(parts.length).toBe(49);
    expect(durable).toEqual([1 + 49, 1 + 50]);
    expect((await found()).map(({ length }) => length)).toEqual([LARGE.length, 9]);
  });

  test('counts for nothing when its owner is gone before the last part', async () => {
    await write('before');
    appendBlock(engine, newPage(4 * 2 ** 20), [LARGE]);
    await cluster.time.runUntil(() => cluster.main.last === 20);
    node.pause();
    const next = await cluster.owner();
    expect(next.replayed.texts).toEqual(['before']);
    expect(appendBlock(next.engine, newPage(), ['after'])).toBe(2);
    await next.settled();
    node.resume();
    await node.settled();
    expect(engine.durableBlock).toBe(1);
    expect(await found()).toEqual(['before', 'after']);
  });

  test('may have entries between its parts that say what may go', async () => {
    await begin(1000);
    const old = await write('x'.repeat(500), 'y'.repeat(500));
    const page = await write('kept');
    appendBlock(engine, page, ['z'.repeat(5000)]);
    await cluster.time.runUntil(() => cluster.main.last === 6);
    cluster.main.bytesMax = cluster.main.storedBytes + 1500;
    await cluster.time.runUntil(() => node.full.length > 0);
    engine.drop(old);
    await cluster.time.pass(1000);
    expect(node.full).toEqual([true]);
    cluster.main.bytesMax = Number.POSITIVE_INFINITY;
    await node.settled();
    const kinds = appended().map(({ kind }) => kind);
    expect(kinds.slice(kinds.indexOf('part'))).toContain('trim');
    expect(kinds.lastIndexOf('part')).toBeGreaterThan(kinds.indexOf('trim'));
    const next = await cluster.owner();
    expect(next.replayed.texts.at(-1)).toBe('z'.repeat(5000));
    expect(next.replayed.texts).toContain('kept');
  });
});

describe('an entry of which nobody knows whether it is there', () => {
  const UNKNOWN: readonly RequestFault[] = ['lost', 'late', 'answer-lost'];

  test.each(UNKNOWN)('is appended again as it was, until that is known (%s)', async (fault) => {
    faults(fault, fault, fault);
    const page = newPage();
    appendBlock(engine, page, ['a']);
    await cluster.time.pass(100);
    expect([engine.durableBlock, node.failures]).toEqual([0, []]);
    appendBlock(engine, page, ['b']);
    await node.settled();
    const first = node.main.appends.filter(({ sequence }) => sequence === 2);
    expect(first.length).toBeGreaterThan(1);
    for (const { bytes } of first) expect(bytes).toEqual(first[0]?.bytes);
    expect([engine.durableBlock, node.failures]).toEqual([2, []]);
    expect(await found()).toEqual(['a', 'b']);
  });

  test('is there once, however often its requests arrive', async () => {
    faults('twice', 'twice', 'late', 'twice', 'twice');
    for (let count = 0; count < 10; count++) {
      appendBlock(engine, newPage(), [`${count}`]);
      await cluster.time.pass(3);
    }
    await node.settled();
    await cluster.time.pass(200);
    expect(await found()).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
  });

  test('is asked for in ever longer intervals, of half a second at most, and that is told once', async () => {
    node.main.isCutOff = true;
    appendBlock(engine, newPage(), ['a']);
    await cluster.time.pass(20_000);
    const tries = node.main.appends.length;
    expect(tries).toBeGreaterThan(35);
    expect(tries).toBeLessThan(50);
    node.main.isCutOff = false;
    await node.settled();
    expect(engine.durableBlock).toBe(1);
    expect(node.texts).toEqual([
      'storage: stream main is waited for (no answer)',
      'storage: stream main is waited for no more',
    ]);
  });

  test('is looked for when it is refused, by a leader that is behind as well', async () => {
    let isBehind = true;
    node.main.fault = () => (isBehind ? 'behind' : 'sound');
    appendBlock(engine, newPage(), ['a']);
    await cluster.time.pass(2000);
    expect([engine.durableBlock, node.failures]).toEqual([0, []]);
    isBehind = false;
    await node.settled();
    expect(engine.durableBlock).toBe(1);
    expect(await found()).toEqual(['a']);
  });

  test('is not given up when nobody says what is in its place', async () => {
    faults('answer-lost');
    const { fault } = node.main;
    let looks = 0;
    node.main.fault = (kind) => (kind === 'entry' && looks++ < 5 ? 'lost' : fault(kind));
    appendBlock(engine, newPage(), ['a']);
    await node.settled();
    expect([engine.durableBlock, node.failures, looks]).toEqual([1, [], 6]);
  });
});

describe('an entry that another node was faster with', () => {
  test('is not durable, and neither is anything behind it', async () => {
    appendBlock(engine, newPage(), ['a']);
    await node.settled();
    const next = await cluster.owner();
    const told = engine.durableBlock;
    engine.onDurable = () => expect.unreachable('nothing is durable any more');
    appendBlock(engine, newPage(), ['b']);
    await node.settled();
    appendBlock(engine, newPage(), ['c']);
    await cluster.time.pass(5000);
    expect(engine.durableBlock).toBe(told);
    expect(node.failures).toMatchObject([
      {
        code: 'OWNERSHIP_LOST',
        message: expect.stringContaining(
          `stream main is not this node's any more: entry 3 is one of epoch ${next.engines.epoch}`,
        ),
      },
    ]);
    expect(await found()).toEqual(['a']);
    await expect(cluster.time.ends(engine.close())).rejects.toMatchObject({ code: 'OWNERSHIP_LOST' });
  });

  test('is known to be lost when that node has removed what came next', async () => {
    await write('a');
    node.pause();
    const next = await cluster.owner();
    const page = newPage();
    appendBlock(next.engine, page, ['b']);
    await next.settled();
    for (const each of [...next.replayed.pages, page]) next.engine.drop(each);
    await cluster.time.pass(3000);
    expect(cluster.main.first).toBeGreaterThan(4);
    node.resume();
    appendBlock(engine, newPage(), ['c']);
    await node.settled();
    expect(node.failures).toMatchObject([{ code: 'OWNERSHIP_LOST' }]);
  });

  test('ends the other stream, too', async () => {
    await cluster.owner();
    appendBlock(engine, newPage(), ['a']);
    await node.settled();
    const { cold } = node.engines;
    appendBlock(cold, newPage(), ['b']);
    await cluster.time.pass(1000);
    expect(cold.durableBlock).toBe(0);
    expect(node.cold.appends.map(({ sequence }) => sequence)).toEqual([1]);
  });

  test('was perhaps changed, which is told apart', async () => {
    faults('answer-lost');
    appendBlock(engine, newPage(), ['a']);
    await cluster.time.pass(5);
    const entry = cluster.main.entries.get(2) as Uint8Array;
    cluster.main.entries.set(2, entry.with(entry.length - 1, 0));
    await node.settled();
    expect(node.failures[0]?.message).toContain('entry 2 is another one than was appended');
    expect(engine.durableBlock).toBe(0);
  });
});

describe('a lease that is over', () => {
  test('keeps what was on its way from being called durable', async () => {
    appendBlock(engine, newPage(), ['a']);
    await cluster.time.pass(1);
    expect(cluster.main.last).toBe(2);
    node.hasLease = false;
    await node.settled();
    expect(engine.durableBlock).toBe(0);
    expect(node.failures).toMatchObject([
      { code: 'OWNERSHIP_LOST', message: expect.stringContaining('its lease is over') },
    ]);
    node.hasLease = true;
    await cluster.time.pass(1000);
    expect(engine.durableBlock).toBe(0);
  });

  test('keeps everything else from being sent', async () => {
    node.hasLease = false;
    appendBlock(engine, newPage(), ['a']);
    await node.settled();
    expect(appended()).toEqual([]);
    expect(node.failures).toMatchObject([{ code: 'OWNERSHIP_LOST' }]);
  });

  test('ends the tries', async () => {
    node.main.isCutOff = true;
    appendBlock(engine, newPage(), ['a']);
    await cluster.time.pass(1000);
    node.hasLease = false;
    await node.settled();
    const tries = node.main.appends.length;
    await cluster.time.pass(5000);
    expect(node.main.appends.length).toBe(tries);
  });
});

describe('the end', () => {
  test('waits until everything is durable', async () => {
    node.main.isCutOff = true;
    appendBlock(engine, newPage(), ['a']);
    let isClosed = false;
    const closing = engine.close().then(() => {
      isClosed = true;
    });
    await cluster.time.pass(2000);
    expect(isClosed).toBe(false);
    node.main.isCutOff = false;
    await cluster.time.ends(closing);
    expect(engine.durableBlock).toBe(1);
  });

  test('waits for nothing when the log was abandoned', async () => {
    node.main.append = () => new Promise(() => {});
    for (const text of ['a', 'b']) appendBlock(engine, newPage(), [text]);
    engine.onDurable = () => expect.unreachable('nothing is durable any more');
    const closing = node.close();
    node.engines.abandon();
    await closing;
    expect(node.failures).toEqual([]);
    expect(node.disk.isLocked).toBe(false);
    expect(engine.durableBlock).toBe(0);
  });

  test('comes at once for a node that waits to try again, and for one that was abandoned before', async () => {
    node.main.isCutOff = true;
    appendBlock(engine, newPage(), ['a']);
    await cluster.time.pass(1000);
    node.engines.abandon();
    appendBlock(engine, newPage(), ['b']);
    await node.close();
    expect([node.failures, engine.durableBlock]).toEqual([[], 0]);
    node.main.isCutOff = false;
    const tries = node.main.appends.length;
    await cluster.time.pass(1000);
    expect(node.main.appends.length).toBe(tries);
  });

  test('of an entry that becomes durable too late is no durability', async () => {
    appendBlock(engine, newPage(), ['a']);
    await cluster.time.pass(1);
    node.engines.abandon();
    await cluster.time.pass(1000);
    expect(cluster.main.last).toBe(2);
    expect(engine.durableBlock).toBe(0);
  });
});

describe('a stream that is full', () => {
  test('stops publishers, and is asked again until it has room', async () => {
    cluster.main.bytesMax = cluster.main.storedBytes;
    appendBlock(engine, newPage(), ['a']);
    await cluster.time.pass(3000);
    expect([node.full, engine.durableBlock, node.failures]).toEqual([[true], 0, []]);
    cluster.main.bytesMax = Number.POSITIVE_INFINITY;
    await node.settled();
    expect([node.full, engine.durableBlock]).toEqual([[true, false], 1]);
  });

  test('gets room by itself when something may go', async () => {
    const pages = [await write('x'.repeat(5000)), await write('y')];
    cluster.main.bytesMax = cluster.main.storedBytes + 200;
    appendBlock(engine, newPage(), ['z'.repeat(4000)]);
    await cluster.time.pass(600);
    expect(node.full).toEqual([true]);
    engine.drop(pages[0] as LogPage);
    await node.settled();
    expect(node.full).toEqual([true, false]);
    expect(appended().map(({ kind }) => kind)).toEqual(['blocks', 'blocks', 'trim', 'blocks']);
    expect(await found()).toEqual(['y', 'z'.repeat(4000)]);
  });

  test('does not get something else in place of an entry that may be there', async () => {
    const pages = [await write('x'.repeat(5000)), await write('y')];
    faults('late');
    appendBlock(engine, newPage(), ['z'.repeat(4000)]);
    await cluster.time.pass(1);
    cluster.main.bytesMax = cluster.main.storedBytes + 200;
    engine.drop(pages[0] as LogPage);
    await cluster.time.pass(5000);
    const kinds = node.main.appends.map(({ sequence, bytes }) => header(sequence, bytes).kind);
    expect(kinds).not.toContain('trim');
    cluster.main.bytesMax = Number.POSITIVE_INFINITY;
    await node.settled();
    expect(engine.durableBlock).toBe(3);
    expect(node.full).toEqual([true, false]);
  });

  test('does not keep the broker from stopping', async () => {
    cluster.main.bytesMax = cluster.main.storedBytes;
    appendBlock(engine, newPage(), ['a']);
    await cluster.time.pass(3000);
    await expect(cluster.time.ends(engine.close())).rejects.toThrow(
      'stream main is full, and the broker stops',
    );
  });
});

describe('what is not needed any more', () => {
  test('is removed when an entry that is there has said so, and not before', async () => {
    const pages = [await write('a'), await write('b'), await write('c')] as const;
    engine.drop(pages[0]);
    engine.drop(pages[1]);
    node.main.trims.length = 0;
    faults('lost', 'lost', 'lost');
    appendBlock(engine, pages[2], ['d']);
    await cluster.time.pass(60);
    expect([node.main.trims, cluster.main.first]).toEqual([[], 2]);
    await node.settled();
    await cluster.time.pass(10);
    expect(entryAt(5)).toMatchObject({ kind: 'blocks', oldest: 4 });
    expect(node.main.trims).toEqual([4]);
    expect(cluster.main.first).toBe(4);
    expect(await found()).toEqual(['c', 'd']);
  });

  test('is announced by an entry of its own when nothing else is appended for a second', async () => {
    const pages = [await write('a'), await write('b')] as const;
    engine.drop(pages[0]);
    await cluster.time.pass(900);
    expect([cluster.main.last, engine.oldestBlock]).toEqual([3, 1]);
    await cluster.time.pass(200);
    expect(engine.oldestBlock).toBe(2);
    expect(entryAt(4)).toMatchObject({ kind: 'trim', oldest: 3 });
    expect(cluster.main.first).toBe(3);
    await cluster.time.pass(10_000);
    expect(cluster.main.last).toBe(4);
    expect(await found()).toEqual(['b']);
  });

  test('is all but one entry of a log in which nothing lives', async () => {
    for (const page of [await write('a'), await write('b', 'c')]) engine.drop(page);
    await cluster.time.pass(5000);
    expect([cluster.main.first, cluster.main.last]).toEqual([5, 5]);
    expect(entryAt(5)).toMatchObject({ kind: 'trim', oldest: 5, firstBlock: 4 });
    expect(engine.oldestBlock).toBe(4);
    const next = await cluster.owner();
    expect([next.engine.lastBlock, next.engine.oldestBlock]).toEqual([3, 4]);
    await cluster.time.pass(5000);
    expect(cluster.main.first).toBe(cluster.main.last);
  });

  test('is never an entry that a page begins in, whatever else is in it', async () => {
    const [first, second] = [newPage(), newPage()];
    appendBlock(engine, newPage(), ['first']);
    appendBlock(engine, first, ['a'], true);
    appendBlock(engine, second, ['b']);
    await node.settled();
    expect(() => engine.drop(second)).toThrow(/page \d+ is dropped before page \d+/);
    appendBlock(engine, second, ['c']);
    await node.settled();
    const next = await cluster.owner();
    expect(next.replayed.texts).toEqual(['first', 'a', 'b', 'c']);
  });

  test('is tried again later when it cannot be removed', async () => {
    const pages = [await write('a'), await write('b')] as const;
    node.main.fault = (kind) => (kind === 'trim' ? 'lost' : 'sound');
    engine.drop(pages[0]);
    await cluster.time.pass(5000);
    expect(node.texts).toEqual([expect.stringContaining('of stream main cannot be removed')]);
    node.main.fault = () => 'sound';
    await cluster.time.pass(15_000);
    expect(cluster.main.first).toBe(3);
    expect(engine.storedBytes).toBe(cluster.main.storedBytes);
  });

  test('is counted until it is gone', async () => {
    const page = await write('x'.repeat(5000));
    await cluster.time.pass(10);
    await write('y');
    expect(engine.storedBytes).toBe(cluster.main.storedBytes);
    engine.drop(page);
    await cluster.time.pass(3000);
    expect(engine.storedBytes).toBe(cluster.main.storedBytes);
    expect(engine.storedBytes).toBeLessThan(1000);
  });

  test('is not what is not durable', async () => {
    const page = newPage();
    appendBlock(engine, page, ['a']);
    expect(() => engine.drop(page)).toThrow('block 1 of it is not durable');
  });
});

describe('a page', () => {
  test('stays in memory and on no disk until memory is short', async () => {
    const page = await write('a');
    expect(engine.canLoad(page)).toBe(false);
    expect(node.disk.files.size).toBe(0);
    expect(() => engine.loadNow(page, new Uint8Array(page.end))).toThrow('was not written to a file');
  });

  test('can be loaded when it was copied, which is told', async () => {
    const page = await write('a', 'b');
    let told = 0;
    engine.onDurable = () => told++;
    expect([engine.makeLoadable(page), engine.makeLoadable(page), engine.canLoad(page)]).toEqual([
      true,
      true,
      false,
    ]);
    await cluster.time.pass(1);
    expect([engine.canLoad(page), told, engine.makeLoadable(page)]).toEqual([true, 1, false]);
    const into = new Uint8Array(page.end);
    engine.loadNow(page, into);
    expect(textsIn(into, page.end)).toEqual(['a', 'b']);
    await engine.load(page, into.fill(0));
    expect(textsIn(into, page.end)).toEqual(['a', 'b']);
    expect([...node.disk.files.keys()]).toEqual(['copy-main-1.log']);
    engine.drop(page);
    await cluster.time.pass(1);
    expect(node.disk.files.size).toBe(0);
  });

  test('cannot be copied before it is durable', async () => {
    const page = newPage();
    appendBlock(engine, page, ['a']);
    expect(engine.makeLoadable(page)).toBe(false);
    await node.settled();
    expect(engine.makeLoadable(page)).toBe(true);
  });

  test('of main and one of cold are in files of their own', async () => {
    const { cold } = node.engines;
    const page = newPage();
    appendBlock(cold, page, ['a']);
    await node.settled(cold);
    engine.makeLoadable(await write('b'));
    cold.makeLoadable(page);
    await cluster.time.pass(1);
    expect([...node.disk.files.keys()].sort()).toEqual(['copy-cold-1.log', 'copy-main-1.log']);
    await cluster.time.ends(node.close());
    expect(node.disk.files.size).toBe(0);
  });

  test('stays in memory while it cannot be copied', async () => {
    const page = await write('a');
    node.disk.fault = () => new Error('no');
    engine.makeLoadable(page);
    await cluster.time.pass(500);
    expect(node.texts).toEqual([expect.stringContaining('copies of pages of stream main cannot be written')]);
    expect([engine.canLoad(page), engine.makeLoadable(page)]).toEqual([false, true]);
    node.disk.fault = () => undefined;
    await cluster.time.pass(2000);
    expect(engine.canLoad(page)).toBe(true);
  });

  test('of a replay is copied as it is read, and a disk that fails ends the replay', async () => {
    await write('a');
    const next = await cluster.owner();
    const [page] = next.replayed.pages as [LogPage];
    expect(next.engine.canLoad(page)).toBe(true);
    const into = new Uint8Array(page.end);
    next.engine.loadNow(page, into);
    expect(textsIn(into, page.end)).toEqual(['a']);
    const third = cluster.node();
    third.disk.fault = () => new Error('no');
    await expect(cluster.time.ends(third.takeOver())).rejects.toMatchObject({
      code: 'DISK_FAILED',
      message: expect.stringContaining('writing copies of pages of stream main'),
    });
  });

  test('of a replay holds many entries, and whole groups', async () => {
    await begin(2 ** 20);
    for (let count = 0; count < 30; count++) {
      const page = newPage(2 ** 20);
      appendBlock(engine, page, ['x'.repeat(300_000)], true);
      appendBlock(engine, page, ['y'.repeat(300_000)]);
      await node.settled();
    }
    const next = await cluster.owner();
    expect(next.replayed.texts).toHaveLength(60);
    const blocks = next.replayed.pages.map(({ firstBlock, lastBlock }) => [firstBlock, lastBlock]);
    expect(blocks).toEqual([
      [1, 12],
      [13, 24],
      [25, 36],
      [37, 48],
      [49, 60],
    ]);
  });

  test('of a replay is one of several of a group that is larger than a page', async () => {
    await begin(2 ** 20);
    const pages = Array.from({ length: 5 }, () => newPage(2 * 2 ** 20));
    for (const [index, page] of pages.entries())
      appendBlock(engine, page, ['x'.repeat(1_500_000)], index < 4);
    await node.settled();
    const next = await cluster.owner();
    expect(next.replayed.pages.map(({ firstBlock, lastBlock }) => [firstBlock, lastBlock])).toEqual([
      [1, 2],
      [3, 4],
      [5, 5],
    ]);
    for (const page of next.replayed.pages.slice(0, 2)) next.engine.drop(page);
    const more = newPage();
    appendBlock(next.engine, more, ['more']);
    await next.settled();
    expect((await found()).at(-1)).toBe('more');
    expect(await found()).toHaveLength(6);
  });
});

test('a replay goes on where it was when the connection broke', async () => {
  for (const text of ['a', 'b', 'c', 'd', 'e', 'f']) await write(text);
  const next = cluster.node();
  await cluster.time.ends(next.open());
  let reads = 0;
  next.main.fault = (kind) => (kind === 'read' && ++reads % 3 === 0 ? 'lost' : 'sound');
  const replayed = new ReplayedPages();
  await cluster.time.ends(next.engine.replay(replayed));
  expect(replayed.texts).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
});

test('a store that breaks its promises stops the engine, and is told', async () => {
  const log: ReplicatedLog = node.main;
  log.append = () => Promise.reject(new Error('a defect'));
  appendBlock(engine, newPage(), ['a']);
  await node.settled();
  expect(node.failures).toMatchObject([{ code: 'DISK_FAILED', message: 'stream main failed: a defect' }]);
});
