import {
  copyFile,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemError } from '../../../test/storage/faulty-disk.ts';
import { FileLogUnderTest, type StoredBlock } from '../../../test/storage/file-log-under-test.ts';
import { appendBlock, newPage, ReplayedPages } from '../../../test/storage/log-engine-suite.ts';
import { FileEngine } from './file-engine.ts';
import { NodeDisk } from './node-disk.ts';
import { openFileEngines } from './open-file-engines.ts';
import { type Salvage, salvage } from './salvage.ts';
import { decodeSegmentHeader, encodeSegmentHeader, segmentName } from './segment-header.ts';
import { verifyStorage } from './verify-storage.ts';

const events = { onEvent: () => {}, onFailure: () => {}, onFull: () => {} };

let log: FileLogUnderTest;

/** A main log of four segments with three blocks each; d and e are one group. And a cold one. */
beforeEach(async () => {
  log = await FileLogUnderTest.make(200);
  const cold = new FileEngine(log.disk, 'cold', { identity: 1, events });
  await cold.replay(new ReplayedPages());
  appendBlock(cold, newPage(), ['cold']);
  await cold.close();
  await log.open();
  await log.write('a1', 'a2', 'a3');
  await log.write('b1', 'b2', 'b3', 'c1');
  const group = newPage();
  appendBlock(log.engine, group, ['d1'], true);
  appendBlock(log.engine, group, ['d2']);
  await log.settled();
  await log.write('e1', 'e2', 'e3');
  await log.engine.close();
  expect((await log.blocks(3)).map(({ sequence }) => sequence)).toEqual([7, 8, 9, 9]);
});

afterEach(() => log.remove());

const all = ['a1', 'a2', 'a3', 'b1', 'b2', 'b3', 'c1', 'd1', 'd2', 'e1', 'e2', 'e3'];

/** What a start finds; it succeeds, twice, and goes on. */
async function start(): Promise<readonly string[]> {
  const texts = [...(await log.open())];
  await log.write('more');
  await log.engine.close();
  expect(await log.open()).toEqual([...texts, 'more']);
  await log.engine.close();
  const { main, cold, spill, release } = await openFileEngines(log.disk, events);
  const inCold = new ReplayedPages();
  await cold.replay(inCold);
  expect(inCold.texts).toEqual(['cold']);
  for (const engine of [main, cold, spill]) await engine.close();
  await release();
  return texts;
}

/** Salvages, after a start was refused and a dry run has changed nothing. */
async function salvaged(): Promise<Salvage> {
  await expect(log.open()).rejects.toMatchObject({ code: 'DATA_DAMAGED' });
  const before = await contents();
  const dry = await salvage(log.disk, { dryRun: true });
  expect(await contents()).toEqual(before);
  expect(dry.quarantined).toEqual([]);
  const verification = await verifyStorage(log.disk);
  expect(verification.losses).toEqual(dry.losses);
  const done = await salvage(log.disk, { dryRun: false });
  expect({ ...done, quarantined: [] }).toEqual(dry);
  return done;
}

async function contents(): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const name of await readdir(log.path)) {
    if (!name.endsWith('.log')) continue;
    files[name] = (await readFile(join(log.path, name))).toString('hex');
  }
  return files;
}

const lossesOf = ({ losses }: Salvage): string[] => losses.map(({ file, text }) => `${file}: ${text}`);

describe('salvaging', () => {
  test('sound data changes nothing', async () => {
    const before = await contents();
    const done = await salvage(log.disk, { dryRun: false });
    expect(done).toEqual({ keptBlockCount: 13, losses: [], rewritten: [], quarantined: [] });
    expect(await contents()).toEqual(before);
    expect(await start()).toEqual(all);
  });

  test('a damaged block loses that one', async () => {
    const [, second] = (await log.blocks(2)) as [StoredBlock, StoredBlock];
    await log.flipBit(2, second.offset + 50);
    const done = await salvaged();
    expect(done.losses).toEqual([
      {
        file: segmentName('main', 2),
        offset: second.offset,
        bytes: second.end - second.offset,
        text: 'damaged: block 5 is lost',
      },
    ]);
    expect(done.rewritten).toContain(segmentName('main', 2));
    expect(done.quarantined.some((name) => name.startsWith(`quarantine/${segmentName('main', 2)}`))).toBe(
      true,
    );
    expect(await log.quarantine()).toHaveLength(done.quarantined.length);
    expect(await start()).toEqual(all.filter((text) => text !== 'b2'));
  });

  test('a damaged block of a group loses the group', async () => {
    for (const index of [1, 2]) {
      const block = (await log.blocks(3))[index] as StoredBlock;
      const whole = await log.read(3);
      await log.flipBit(3, block.offset + 49);
      const dry = await salvage(log.disk, { dryRun: true });
      expect(lossesOf(dry).join()).toContain('blocks 8 to 9 are lost');
      if (index === 1) await log.change(3, () => whole);
    }
    await salvaged();
    expect(await start()).toEqual(all.filter((text) => !text.startsWith('d')));
  });

  test('a damaged header of a segment loses nothing', async () => {
    await log.flipBit(3, 20);
    expect(lossesOf(await salvaged())).toEqual([
      `${segmentName('main', 3)}: the header of the file is damaged`,
    ]);
    expect(await start()).toEqual(all);
  });

  test('damaged headers of all segments lose nothing', async () => {
    for (let number = 1; number <= 4; number++) await log.flipBit(number, 17);
    await salvaged();
    expect(await start()).toEqual(all);
  });

  test('a missing segment loses what was in it: the oldest, one in the middle, the newest', async () => {
    for (const [number, letters] of [
      [2, 'b'],
      [1, 'a'],
      [4, 'e'],
    ] as const) {
      await rm(join(log.path, segmentName('main', number)));
      if (number === 4) await rm(join(log.path, segmentName('main', 5)), { force: true });
      const done = await salvaged();
      expect(lossesOf(done).join()).toContain(`${segmentName('main', number)}: the file is missing`);
      expect((await log.open()).filter((text) => text.startsWith(letters))).toEqual([]);
      await log.engine.close();
    }
    expect(await start()).toEqual(['c1', 'd1', 'd2']);
  });

  test('a truncated segment loses its end', async () => {
    const [first] = (await log.blocks(2)) as [StoredBlock];
    await log.truncate(2, first.end + 10);
    expect(lossesOf(await salvaged()).join()).toContain('blocks 5 to 6 are lost');
    expect(await start()).toEqual(all.filter((text) => text !== 'b2' && text !== 'b3'));
  });

  test('segments whose names were exchanged get their own again', async () => {
    const [second, fourth] = [2, 4].map((number) => join(log.path, segmentName('main', number))) as [
      string,
      string,
    ];
    await rename(second, join(log.path, 'x'));
    await rename(fourth, second);
    await rename(join(log.path, 'x'), fourth);
    await salvaged();
    expect(await start()).toEqual(all);
  });

  test('a copy of a segment under another name goes to quarantine', async () => {
    await copyFile(join(log.path, segmentName('main', 2)), join(log.path, segmentName('main', 9)));
    await salvaged();
    expect((await log.quarantine()).some((name) => name.includes(segmentName('main', 9)))).toBe(true);
    expect(await start()).toEqual(all);
  });

  test('a stream without any file begins anew', async () => {
    for (const name of await log.segments()) if (name.startsWith('main')) await rm(join(log.path, name));
    const done = await salvage(log.disk, { dryRun: false });
    expect(lossesOf(done)).toEqual(['main-*.log: all files are missing or empty']);
    expect(await start()).toEqual([]);
  });

  test('any damage leaves data that a broker starts on, with everything that is sound', async () => {
    const whole = join(log.path, 'whole');
    const restore = async (): Promise<void> => {
      for (const name of await readdir(log.path)) if (name.endsWith('.log')) await rm(join(log.path, name));
      for (const name of await readdir(whole)) await copyFile(join(whole, name), join(log.path, name));
    };
    await mkdir(whole);
    const names = (await readdir(log.path)).filter((name) => name.endsWith('.log'));
    for (const name of names) await copyFile(join(log.path, name), join(whole, name));
    for (const number of [1, 2, 3, 4]) {
      const { length } = await log.read(number);
      for (let offset = 0; offset < length; offset += 11) {
        await log.flipBit(number, offset, offset % 8);
        const done = await salvage(log.disk, { dryRun: false });
        const texts = await log.open();
        const lost = all.filter((text) => !texts.includes(text));
        const what = `segment ${number}, offset ${offset}: lost ${lost.join(' ')}`;
        expect(lost.length, what).toBeLessThanOrEqual(2);
        expect(lost.length > 0, what).toBe(done.losses.some(({ text }) => text.includes('lost')));
        await log.engine.close();
        await restore();
      }
    }
  }, 120_000);

  test('that is interrupted by an error anywhere can be done again', async () => {
    const [, second] = (await log.blocks(2)) as [StoredBlock, StoredBlock];
    await log.flipBit(2, second.offset + 50);
    await rm(join(log.path, segmentName('main', 3)));
    for (let failing = 0; ; failing++) {
      let calls = 0;
      log.disk.fault = () => (calls++ === failing ? systemError('EIO') : undefined);
      const result = await salvage(log.disk, { dryRun: false }).catch((error: unknown) => error);
      log.disk.fault = () => undefined;
      if (!(result instanceof Error)) break;
      expect(result).toMatchObject({ code: 'DISK_FAILED' });
    }
    expect(await start()).toEqual(all.filter((text) => text !== 'b2' && !/^[cd]/.test(text)));
  });
});

/** Salvages again and again, and lets it fail one call later each time; `after` looks at what each leaves. */
async function interruptedEverywhere(after: () => Promise<void> = async () => {}): Promise<Salvage> {
  for (let failing = 0; ; failing++) {
    let calls = 0;
    log.disk.fault = () => (calls++ >= failing ? systemError('EIO') : undefined);
    const result = await salvage(log.disk, { dryRun: false }).catch((error: unknown) => error);
    log.disk.fault = () => undefined;
    if (!(result instanceof Error)) return result as Salvage;
    await after();
  }
}

describe('salvaging that is interrupted', () => {
  const names = [2, 3].map((number) => segmentName('main', number)) as [string, string];
  let whole: string;

  async function exchange(): Promise<void> {
    const [second, third] = names.map((name) => join(log.path, name)) as [string, string];
    await rename(second, join(log.path, 'x'));
    await rename(third, second);
    await rename(join(log.path, 'x'), third);
  }

  beforeEach(async () => {
    await exchange();
    whole = await mkdtemp(join(tmpdir(), 'leveret-test-'));
    await cp(log.path, whole, { recursive: true });
  });

  afterEach(() => rm(whole, { recursive: true, force: true }));

  test('anywhere is refused by a start until it is run again, and has lost nothing then', async () => {
    for (let failing = 0, isDone = false; !isDone; failing++) {
      let calls = 0;
      log.disk.fault = () => (calls++ >= failing ? systemError('EIO') : undefined);
      isDone = await salvage(log.disk, { dryRun: false }).then(
        () => true,
        () => false,
      );
      log.disk.fault = () => undefined;
      const { losses } = await verifyStorage(log.disk);
      if (losses.length > 0) {
        await expect(log.open()).rejects.toMatchObject({ code: 'DATA_DAMAGED' });
        const before = await contents();
        expect((await salvage(log.disk, { dryRun: true })).losses).toEqual(losses);
        expect(await contents()).toEqual(before);
        await salvage(log.disk, { dryRun: false });
      }
      expect(await log.open(), `interrupted at call ${failing}`).toEqual(all);
      await log.engine.close();
      const copies = await Promise.all(
        names.map((name) => readFile(join(log.path, 'quarantine', `${name}-before-salvage-2`))),
      );
      expect(copies).toEqual(await Promise.all(names.map((name) => readFile(join(whole, name)))));
      await rm(log.path, { recursive: true });
      await cp(whole, log.path, { recursive: true });
    }
  }, 60_000);

  test('again and again goes on where it was', async () => {
    await interruptedEverywhere();
    expect(await start()).toEqual(all);
  });

  test('while a stream begins anew', async () => {
    await exchange();
    for (const name of await log.segments()) {
      if (name.startsWith('cold')) await truncate(join(log.path, name), 0);
    }
    await interruptedEverywhere();
    expect((await verifyStorage(log.disk)).losses).toEqual([]);
    expect(await log.open()).toEqual(all);
  });
});

test('a salvage keeps incarnation and identity of a segment, and gives a new stream an identity of its own', async () => {
  await log.open();
  await log.write('f');
  await log.engine.close();
  const number = (await log.segments()).filter((name) => name.startsWith('main')).length;
  const ofHeader = async (of: number) => decodeSegmentHeader(await log.read(of));
  const before = await Promise.all([2, number].map(ofHeader));
  expect(before).toMatchObject([{ header: { incarnation: 1 } }, { header: { incarnation: 2 } }]);
  await log.flipBit(2, 70);
  await rm(join(log.path, segmentName('cold', 1)));
  await salvage(log.disk, { dryRun: false });
  expect(await Promise.all([2, number].map(ofHeader))).toEqual(before);
  const cold = decodeSegmentHeader(await readFile(join(log.path, segmentName('cold', 1))));
  expect(cold).toMatchObject({ header: { stream: 'cold', number: 1, incarnation: 1 } });
  expect(cold.kind === 'sound' && cold.header.identity).toBeGreaterThan(0);
});

test('what another version wrote is refused by every tool, and left as it is', async () => {
  const header = encodeSegmentHeader({ stream: 'main', number: 2, incarnation: 1, identity: 1 });
  header[7] = 9;
  new DataView(header.buffer).setUint32(60, crc32(header.subarray(0, 60)), true);
  await log.change(2, (bytes) => {
    bytes.set(header);
    return bytes;
  });
  const written = await log.read(2);
  const refusal = { code: 'DATA_FORMAT', message: expect.stringContaining('has format version 9') };
  await expect(verifyStorage(log.disk)).rejects.toMatchObject(refusal);
  await expect(salvage(log.disk, { dryRun: true })).rejects.toMatchObject(refusal);
  await expect(salvage(log.disk, { dryRun: false })).rejects.toMatchObject(refusal);
  expect(await log.read(2)).toEqual(written);
});

describe('verifying', () => {
  test('counts what is there', async () => {
    const { fileCount, blockCount, bytes, losses, remarks } = await verifyStorage(log.disk);
    expect(fileCount).toBe((await log.segments()).length);
    expect(blockCount).toBe(13);
    expect(bytes).toBeGreaterThan(1000);
    expect([losses, remarks]).toEqual([[], []]);
  });

  test('a torn tail is a remark, and not a loss', async () => {
    await log.open();
    await log.write('g');
    await log.kill();
    const last = segmentName('main', 5);
    const [block] = (await log.blocks(5)).filter(({ isSeal }) => !isSeal) as [StoredBlock];
    await log.truncate(5, block.end - 3);
    const { losses, remarks } = await verifyStorage(log.disk);
    expect(losses).toEqual([]);
    expect(remarks).toContainEqual(
      expect.objectContaining({
        file: last,
        offset: block.offset,
        text: expect.stringContaining('never completed'),
      }),
    );
  });

  test('agrees with a start about every bit', async () => {
    const whole = await log.read(2);
    for (let offset = 0; offset < whole.length; offset++) {
      await log.flipBit(2, offset, offset % 8);
      const { losses, remarks } = await verifyStorage(log.disk);
      expect(losses.length + remarks.length, `offset ${offset}`).toBeGreaterThan(0);
      const found = await log.open().catch(() => undefined);
      expect(found === undefined, `offset ${offset}`).toBe(losses.length > 0);
      if (found !== undefined) await log.kill();
      await log.change(2, () => whole);
    }
  }, 120_000);

  test('agrees with a start about every bit of the oldest segment that is left', async () => {
    await log.open();
    for (const page of log.replayed.pages.slice(0, 2)) log.engine.drop(page);
    await log.engine.close();
    expect((await log.segments()).filter((name) => name.startsWith('main'))[0]).toBe(segmentName('main', 3));
    const whole = await log.read(3);
    for (let offset = 0; offset < whole.length; offset++) {
      await log.flipBit(3, offset, offset % 8);
      const { losses } = await verifyStorage(log.disk);
      const found = await log.open().catch(() => undefined);
      expect(found === undefined, `offset ${offset}`).toBe(losses.length > 0);
      if (found !== undefined) {
        expect(found).toEqual(['c1', 'd1', 'd2', 'e1', 'e2', 'e3']);
        await log.kill();
      }
      await log.change(3, () => whole);
    }
  }, 120_000);

  test('a directory that a broker uses is refused', async () => {
    const lock = await log.disk.lock();
    await expect(verifyStorage(log.disk)).rejects.toMatchObject({ code: 'DATA_DIR_IN_USE' });
    await lock.release();
  });

  test('a directory that is not there or holds something else is refused, and nothing is made', async () => {
    const other = await mkdtemp(join(tmpdir(), 'leveret-test-'));
    await writeFile(join(other, 'letter.txt'), 'x');
    await expect(verifyStorage(new NodeDisk(other))).rejects.toThrow('holds no data of a broker');
    await expect(verifyStorage(new NodeDisk(join(other, 'x')))).rejects.toThrow('there is no such directory');
    expect(await readdir(other)).toEqual(['letter.txt']);
    await rm(other, { recursive: true });
  });
});
