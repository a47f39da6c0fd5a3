import { beforeEach, describe, expect, test } from 'vitest';
import { appendBlock, newPage } from '../../../test/storage/log-engine-suite.ts';
import { SimulatedCluster, type SimulatedNode } from '../../../test/storage/simulated-cluster.ts';
import type { SimulatedStream } from '../../../test/storage/simulated-replicated-log.ts';
import { type EntryHeader, type EntryStream, readEntry } from './entry.ts';

let cluster: SimulatedCluster;

beforeEach(() => {
  cluster = new SimulatedCluster();
});

function headers(stream: EntryStream): EntryHeader[] {
  const found: EntryHeader[] = [];
  for (const [sequence, bytes] of cluster[stream].entries) {
    const reading = readEntry(bytes, { stream, sequence, identity: undefined });
    if (reading.kind === 'sound') found.push(reading.header);
  }
  return found;
}

function epochs(stream: EntryStream): number[] {
  return headers(stream).map(({ epoch }) => epoch);
}

async function write(node: SimulatedNode, text: string, stream: EntryStream = 'main'): Promise<void> {
  appendBlock(node.engines[stream], newPage(), [text]);
  await node.settled(node.engines[stream]);
}

describe('who takes over', () => {
  test('has fenced both streams with an epoch of its own', async () => {
    expect((await cluster.owner()).engines.epoch).toBe(1);
    expect((await cluster.owner()).engines.epoch).toBe(2);
    for (const stream of ['main', 'cold'] as const) {
      expect(headers(stream)).toMatchObject([
        { kind: 'fence', epoch: 1, sequence: 1, oldest: 1, firstBlock: 1 },
        { kind: 'fence', epoch: 2, sequence: 2, oldest: 1, firstBlock: 1 },
      ]);
      expect(new Set(headers(stream).map(({ identity }) => identity)).size).toBe(1);
    }
    expect(headers('main')[0]?.writer).not.toBe(headers('main')[1]?.writer);
  });

  test('finds what the owners before had durable, and goes on behind it', async () => {
    for (const text of ['a', 'b', 'c']) {
      const owner = await cluster.owner();
      await write(owner, text);
      await write(owner, `${text} in cold`, 'cold');
    }
    const last = await cluster.owner();
    expect(last.replayed.texts).toEqual(['a', 'b', 'c']);
    expect(last.replayedCold.texts).toEqual(['a in cold', 'b in cold', 'c in cold']);
    expect(last.engine.lastBlock).toBe(3);
  });

  test('is behind whatever the former owner still appends meanwhile', async () => {
    const former = await cluster.owner();
    let count = 0;
    const appendOn = (): void => {
      if (former.failures.length > 0) return;
      appendBlock(former.engine, newPage(), [`${++count}`]);
      former.after(1, appendOn);
    };
    appendOn();
    await cluster.time.pass(50);
    const durable = (): number => former.engine.durableBlock;
    const next = await cluster.owner();
    await former.settled();
    expect(next.replayed.texts.length).toBeGreaterThanOrEqual(durable());
    expect(next.replayed.texts).toEqual(next.replayed.texts.map((_, index) => `${index + 1}`));
    expect(former.failures).toMatchObject([{ code: 'OWNERSHIP_LOST' }]);
  });

  test('has fenced only when that is known, and fences once', async () => {
    const node = cluster.node();
    let fences = 0;
    node.main.fault = (kind) => (kind === 'append' && fences++ < 3 ? 'answer-lost' : 'sound');
    await cluster.time.ends(node.takeOver());
    expect([epochs('main'), epochs('cold')]).toEqual([[1], [1]]);
  });

  test('waits for a store that does not answer', async () => {
    const node = cluster.node();
    node.main.isCutOff = true;
    const opening = node.takeOver();
    await cluster.time.pass(20_000);
    expect(node.texts[0]).toContain('stream main is waited for (stream main: nobody answers)');
    node.main.isCutOff = false;
    await cluster.time.ends(opening);
    expect(node.engines.epoch).toBe(1);
  });

  test('fences a stream that is full as soon as it has room', async () => {
    await write(await cluster.owner(), 'a');
    cluster.cold.bytesMax = cluster.cold.storedBytes;
    const node = cluster.node();
    const opening = node.takeOver();
    await cluster.time.pass(5000);
    expect(node.full).toEqual([true]);
    cluster.cold.bytesMax = Number.POSITIVE_INFINITY;
    await cluster.time.ends(opening);
    expect(node.full).toEqual([true, false]);
  });
});

describe('who is overtaken', () => {
  test('between its two fences has not taken over', async () => {
    const node = cluster.node();
    const opening = node.takeOver();
    await cluster.time.runUntil(() => cluster.main.last === 1);
    node.pause();
    const other = await cluster.owner();
    node.resume();
    await expect(cluster.time.ends(opening)).rejects.toMatchObject({
      code: 'OWNERSHIP_LOST',
      message: expect.stringContaining('a node with epoch 2 came after this one'),
    });
    await write(other, 'a', 'cold');
    expect([epochs('main'), epochs('cold')]).toEqual([
      [1, 2],
      [2, 2],
    ]);
    expect(node.disk.isLocked).toBe(false);
  });

  test('while it reads has not, though entries are gone that it needs', async () => {
    const former = await cluster.owner();
    for (const text of ['a', 'b', 'c']) await write(former, text);
    const node = cluster.node();
    await cluster.time.ends(node.open());
    const other = await cluster.owner();
    for (const page of other.replayed.pages) other.engine.drop(page);
    await cluster.time.pass(5000);
    expect(cluster.main.first).toBeGreaterThan(4);
    await expect(cluster.time.ends(node.engine.replay(node.replayed))).rejects.toMatchObject({
      code: 'OWNERSHIP_LOST',
      message: expect.stringContaining('another node took over while this one read the log'),
    });
  });

  /** A node takes over, and its lease ends `ms` later; how that went, and how long it took. */
  async function takeOverFor(ms: number): Promise<{ readonly end: unknown; readonly tookMs: number }> {
    cluster = new SimulatedCluster();
    await write(await cluster.owner(), 'a');
    const node = cluster.node();
    const start = cluster.time.nowMs;
    node.after(ms, () => {
      node.hasLease = false;
    });
    const [{ status, ...rest }] = await cluster.time.ends(Promise.allSettled([node.takeOver()]));
    return { end: status === 'fulfilled' ? status : rest, tookMs: cluster.time.nowMs - start };
  }

  test('by the end of its lease gives up, wherever it is', async () => {
    const { tookMs } = await takeOverFor(1000);
    expect(tookMs).toBeGreaterThan(20);
    for (let ms = 0; ms < tookMs - 2; ms++) {
      expect((await takeOverFor(ms)).end, `${ms} ms`).toMatchObject({ reason: { code: 'OWNERSHIP_LOST' } });
    }
    expect((await takeOverFor(tookMs + 1)).end).toBe('fulfilled');
  });

  test('of two that begin together is one, and the other owns the log', async () => {
    for (let seed = 1; seed < 50; seed++) {
      cluster = new SimulatedCluster(1000, seed);
      const nodes = [cluster.node(), cluster.node(), cluster.node()];
      const openings = nodes.map((node, index) => {
        return new Promise((resolve) => node.after(index * (seed % 5), () => resolve(node.takeOver())));
      });
      const ends = await cluster.time.ends(Promise.allSettled(openings));
      expect(ends.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(0);
      const winner = nodes.findLast((_, index) => ends[index]?.status === 'fulfilled') as SimulatedNode;
      const highest = nodes.map((node, index) =>
        ends[index]?.status === 'fulfilled' ? node.engines.epoch : 0,
      );
      const owner = nodes[highest.indexOf(Math.max(...highest))] ?? winner;
      await write(owner, 'a');
      expect(owner.engine.durableBlock).toBe(1);
    }
  });
});

/**
 *      zombie                      main                          next owner
 *      append 'b' ------------->   b
 *      stands still                fence   <------------------   takes over, finds a and b
 *      wakes up; its answer
 *      is there; append 'c' --->   refused
 */
describe('an owner that stood still between an append and its answer', () => {
  test.each([true, false])('appends nothing more after waking up (its lease: %s)', async (hasLease) => {
    const zombie = await cluster.owner();
    await write(zombie, 'a');
    appendBlock(zombie.engine, newPage(), ['b']);
    appendBlock(zombie.engine, newPage(), ['c']);
    zombie.pause();
    await cluster.time.pass(10);
    expect(cluster.main.last).toBe(3);
    const next = await cluster.owner();
    await write(next, 'x');
    expect(next.replayed.texts).toEqual(['a', 'b']);
    const durable = zombie.engine.durableBlock;
    zombie.hasLease = hasLease;
    zombie.resume();
    appendBlock(zombie.engine, newPage(), ['d']);
    appendBlock(zombie.engines.cold, newPage(), ['e']);
    await cluster.time.pass(10_000);
    expect(zombie.failures[0]).toMatchObject({ code: 'OWNERSHIP_LOST' });
    expect([durable, zombie.engine.durableBlock]).toEqual([1, hasLease ? 2 : 1]);
    await write(next, 'y');
    const last = await cluster.owner();
    expect(last.replayed.texts).toEqual(['a', 'b', 'x', 'y']);
    expect(last.replayedCold.texts).toEqual([]);
    expect(epochs('main')).toEqual([1, 1, 2, 2, 2, 3]);
  });

  test('is too late with a request that was on its way, too', async () => {
    const zombie = await cluster.owner();
    zombie.main.fault = (kind) => (kind === 'append' ? 'late' : 'sound');
    appendBlock(zombie.engine, newPage(), ['b']);
    zombie.pause();
    zombie.main.fault = () => 'sound';
    const next = await cluster.owner();
    await cluster.time.pass(100);
    zombie.resume();
    await zombie.settled();
    expect(zombie.engine.durableBlock).toBe(0);
    await write(next, 'x');
    expect((await cluster.owner()).replayed.texts).toEqual(['x']);
  });
});

describe('streams that do not belong together', () => {
  async function taking(): Promise<unknown> {
    return cluster.time.ends(cluster.node().takeOver());
  }

  function empty(stream: SimulatedStream): void {
    stream.entries.clear();
    [stream.first, stream.last] = [1, 0];
  }

  test('are told apart: main was made again', async () => {
    await write(await cluster.owner(), 'a');
    empty(cluster.main);
    const text = 'stream main is damaged: its newest entry is one of epoch 0, and stream cold is at epoch 1';
    for (let tries = 0; tries < 2; tries++) {
      await expect(taking()).rejects.toMatchObject({
        code: 'DATA_DAMAGED',
        message: expect.stringContaining(text),
      });
      expect(cluster.main.last).toBe(0);
    }
  });

  test('are told apart: main is an older one', async () => {
    await cluster.owner();
    const older = cluster.main.clone();
    await cluster.owner();
    cluster.main = older;
    await expect(taking()).rejects.toMatchObject({
      code: 'DATA_DAMAGED',
      message: expect.stringContaining('its newest entry is one of epoch 1, and stream cold is at epoch 2'),
    });
    expect(older.last).toBe(1);
  });

  test('are told apart: cold was made again', async () => {
    await write(await cluster.owner(), 'a');
    empty(cluster.cold);
    await expect(taking()).rejects.toMatchObject({
      code: 'DATA_DAMAGED',
      message: expect.stringContaining(
        'stream cold is damaged: it is empty, and stream main has had 1 blocks',
      ),
    });
    expect(cluster.cold.last).toBe(0);
  });

  test('are told apart: one is in place of the other', async () => {
    await cluster.owner();
    [cluster.main, cluster.cold] = [cluster.cold, cluster.main];
    await expect(taking()).rejects.toThrow(/entry 1 was written as entry 1 of (main|cold)/);
  });

  test('are no such streams when a take-over only began', async () => {
    const node = cluster.node();
    node.takeOver().catch(() => undefined);
    await cluster.time.runUntil(() => cluster.main.last === 1);
    node.pause();
    expect((await cluster.owner()).engines.epoch).toBe(2);
    expect(epochs('cold')).toEqual([2]);
  });

  test('are told apart: the streams are older than what is known', async () => {
    const node = cluster.node();
    node.epochSeen = 3;
    await expect(cluster.time.ends(node.takeOver())).rejects.toMatchObject({
      code: 'DATA_DAMAGED',
      message: expect.stringContaining(
        'its newest entry is one of epoch 0, and there was an owner with epoch 3',
      ),
    });
    expect(cluster.main.last).toBe(0);
  });
});

test('a newest entry that is not there is damage, when nobody has it for long', async () => {
  await write(await cluster.owner(), 'a');
  cluster.main.entries.delete(2);
  await expect(cluster.time.ends(cluster.node().takeOver())).rejects.toMatchObject({
    code: 'DATA_DAMAGED',
    message: expect.stringContaining('stream main is damaged: entry 2, its newest one, is missing'),
  });
});

test('the directory is locked as long as the engines are open, and left empty', async () => {
  const node = await cluster.owner();
  node.disk.files.set('spill-7.log', new Uint8Array(1));
  await write(node, 'a');
  await expect(cluster.time.ends(node.open())).rejects.toThrow('it is locked');
  await cluster.time.ends(node.close());
  expect([node.disk.isLocked, [...node.disk.files.keys()]]).toEqual([false, []]);
});

test('what an earlier run left in the directory is removed', async () => {
  const node = cluster.node();
  for (const name of ['copy-main-3.log', 'copy-cold-1.log', 'spill-2.log', 'other.log']) {
    node.disk.files.set(name, new Uint8Array(1));
  }
  await cluster.time.ends(node.open());
  expect([...node.disk.files.keys()]).toEqual(['other.log']);
});
