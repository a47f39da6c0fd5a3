import { beforeEach, describe, expect, test } from 'vitest';
import { appendBlock, newPage } from '../../../test/storage/log-engine-suite.ts';
import { SimulatedCluster } from '../../../test/storage/simulated-cluster.ts';
import type { SimulatedStream } from '../../../test/storage/simulated-replicated-log.ts';
import { SeededRandom } from '../../testing/seeded-random.ts';
import { type EntryHeader, readEntry, writeEntryHeader } from './entry.ts';

let cluster: SimulatedCluster;
let sound: SimulatedStream;
let texts: readonly string[];

/**
 * Main as two owners left it:
 *
 *     3      4      5 6 7   8      9     10 11   12     13     14
 *     blocks blocks parts   blocks trim  parts   fence  blocks blocks
 */
beforeEach(async () => {
  cluster = new SimulatedCluster(200);
  const first = await cluster.owner();
  const old = newPage();
  appendBlock(first.engine, old, ['old']);
  await first.settled();
  for (const text of ['a', 'b', 'c'.repeat(300), 'd']) {
    appendBlock(first.engine, newPage(), [text]);
    await first.settled();
  }
  first.engine.drop(old);
  await cluster.time.pass(3000);
  appendBlock(first.engine, newPage(), ['e'.repeat(500)]);
  await cluster.time.runUntil(() => cluster.main.last === 11);
  first.pause();
  const second = await cluster.owner();
  for (const text of ['f', 'g']) {
    appendBlock(second.engine, newPage(), [text]);
    await second.settled();
  }
  second.pause();
  await cluster.time.pass(100);
  sound = cluster.main;
  texts = ['a', 'b', 'c'.repeat(300), 'd', 'f', 'g'];
});

function kinds(stream: SimulatedStream): string {
  return [...stream.entries].map(([sequence, bytes]) => headerOf(sequence, bytes).kind).join(' ');
}

function headerOf(sequence: number, bytes: Uint8Array): EntryHeader {
  const reading = readEntry(bytes, { stream: 'main', sequence, identity: undefined });
  if (reading.kind !== 'sound') throw new Error(`entry ${sequence} is ${reading.kind}`);
  return reading.header;
}

/** What a node finds that takes over when somebody has done that to main. */
async function taken(damage: (main: SimulatedStream) => void): Promise<readonly string[]> {
  const cold = cluster.cold.clone();
  const damaged = new SimulatedCluster(200);
  damaged.main = sound.clone();
  damaged.cold = cold;
  damage(damaged.main);
  const node = damaged.node();
  await damaged.time.ends(node.takeOver());
  return node.replayed.texts;
}

/** Replaces entry `sequence` by one that says something else, with right checksums. */
function rewrite(main: SimulatedStream, sequence: number, change: Partial<EntryHeader>): void {
  const bytes = (main.entries.get(sequence) as Uint8Array).slice();
  writeEntryHeader(bytes, { ...headerOf(sequence, bytes), ...change });
  main.entries.set(sequence, bytes);
}

describe('a replay', () => {
  test('finds what is sound, and nothing of parts without their end', async () => {
    expect(kinds(sound)).toBe('blocks blocks part part part blocks trim part part fence blocks blocks');
    expect(sound.first).toBe(3);
    expect(await taken(() => {})).toEqual(texts);
  });

  test('names each entry that is missing', async () => {
    for (let sequence = sound.first; sequence < sound.last; sequence++) {
      const taking = taken((main) => main.entries.delete(sequence));
      await expect(taking).rejects.toMatchObject({ code: 'DATA_DAMAGED' });
      await expect(taking).rejects.toThrow(`entry ${sequence} is not there`);
    }
  });

  test('names the entry in which a bit has changed', async () => {
    const random = new SeededRandom(1);
    for (const [sequence, bytes] of sound.entries) {
      for (let at = 0; at < bytes.length; at++) {
        const changed = bytes.slice();
        changed[at] = (changed[at] as number) ^ (1 << (random.uint32() % 8));
        const taking = taken((main) => main.entries.set(sequence, changed));
        await expect(taking, `byte ${at}`).rejects.toMatchObject({
          code: 'DATA_DAMAGED',
          message: expect.stringMatching(`stream main is damaged: entry ${sequence} (has|was)`),
        });
      }
    }
  });

  test('names an entry that lies in the place of another', async () => {
    for (let sequence = sound.first; sequence < sound.last; sequence++) {
      const taking = taken((main) =>
        main.entries.set(sequence, main.entries.get(sequence + 1) as Uint8Array),
      );
      await expect(taking).rejects.toThrow(`entry ${sequence} was written as entry ${sequence + 1} of main`);
    }
  });

  test('names an entry of another log', async () => {
    const other = new SimulatedCluster(200, 2);
    const node = await other.owner();
    for (const text of ['a', 'b', 'c', 'd']) {
      appendBlock(node.engine, newPage(), [text]);
      await node.settled();
    }
    const foreign = other.main.entries.get(4) as Uint8Array;
    const taking = taken((main) => main.entries.set(4, foreign));
    await expect(taking).rejects.toThrow('entry 4 was written as entry 4 of main of another log');
  });

  test('says when the front is missing, and what may have removed it', async () => {
    const taking = taken((main) => main.trim(5));
    await expect(taking).rejects.toMatchObject({ code: 'DATA_DAMAGED' });
    await expect(taking).rejects.toThrow(
      'stream main is damaged: entries 3 to 4 are missing, which are still needed',
    );
    await expect(taking).rejects.toThrow('max_age');
  });

  test('passes over what lies before the oldest entry that is needed', async () => {
    const found = await taken((main) => {
      main.first = 2;
      main.entries.set(2, new Uint8Array(10));
    });
    expect(found).toEqual(texts);
  });

  test('takes no entry of an owner that was fenced', async () => {
    const taking = taken((main) =>
      rewrite(main, 13, { epoch: 1, writer: headerOf(8, main.entries.get(8) as Uint8Array).writer }),
    );
    await expect(taking).rejects.toThrow('entry 13 (blocks) is one of epoch 1, behind one of 2');
  });

  test.each([
    ['an epoch without a fence', 8, { epoch: 2 }, 'entry 8 (blocks) is one of epoch 2, behind one of 1'],
    ['a fence with an old epoch', 12, { epoch: 1 }, 'entry 12 (fence) is one of epoch 1, behind one of 1'],
    [
      'two writers in an epoch',
      4,
      { writer: 99 },
      'entry 4 was written by another node than the rest of epoch 1',
    ],
    ['a block twice', 4, { firstBlock: 2 }, 'entry 4 begins with block 2, behind 2'],
    ['a block too few', 4, { firstBlock: 4 }, 'entry 4 begins with block 4, behind 2'],
    ['more blocks than there are', 13, { blockCount: 2 }, 'entry 13 does not hold 2 blocks'],
    [
      'an oldest entry that goes back',
      8,
      { oldest: 1 },
      'entry 8 says that entry 1 is the oldest one that is needed',
    ],
    [
      'an oldest entry that is to come',
      4,
      { oldest: 5 },
      'entry 4 says that entry 5 is the oldest one that is needed',
    ],
    ['a part without those before', 5, { part: 1 }, 'entry 5 is part 2 of 3 out of its order'],
    ['a part twice', 6, { part: 0 }, 'entry 6 is part 1 of 3 out of its order'],
    ['parts of two batches', 6, { partCount: 4 }, 'entry 6 is part 2 of 4 out of its order'],
    ['a batch of another size', 6, { batchBytes: 7 }, 'entry 6 is part 2 of 3 out of its order'],
  ] as const)('finds %s', async (_, sequence, change, text) => {
    await expect(taken((main) => rewrite(main, sequence, change))).rejects.toThrow(text);
  });
});
