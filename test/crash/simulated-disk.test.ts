import { expect, test } from 'vitest';
import type { DiskFile } from '../../src/storage/file/disk.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { crashChoices } from './crash-choices.ts';
import { crashPoints } from './crash-points.ts';
import type { DiskImage } from './disk-operation.ts';
import { SimulatedDisk } from './simulated-disk.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const macrotask = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A disk with one empty file that is there for sure, and that file. */
async function diskWithFile(): Promise<{ disk: SimulatedDisk; file: DiskFile }> {
  const disk = new SimulatedDisk(new Map([['log', new Uint8Array(0)]]));
  return { disk, file: await disk.mount().open('log') };
}

/** A file's content in short: runs of equal characters, like `ax512 bx3`. */
function runs(content: Uint8Array): string {
  const found: { character: string; count: number }[] = [];
  for (const byte of content) {
    const character = byte === 0 ? '0' : byte === 0xa5 ? '?' : String.fromCharCode(byte);
    const last = found.at(-1);
    if (last?.character === character) last.count++;
    else found.push({ character, count: 1 });
  }
  return found.map(({ character, count }) => `${character}x${count}`).join(' ');
}

function imageText(image: DiskImage): string {
  return [...image].map(([name, content]) => `${name}: ${runs(content)}`.trimEnd()).join(', ');
}

/** What a crash at the end may leave, all of it. */
function statesAtTheEnd(disk: SimulatedDisk): string[] {
  const last = [...crashPoints(disk.initial, disk.journal)].at(-1);
  if (last === undefined) throw new Error('a journal has no point');
  const states = [...crashChoices(last, 10_000, new SeededRandom(1))].map((choice) => last.image(choice));
  return [...new Set(states.map(imageText))].sort();
}

test('what was synced is there after every crash', async () => {
  const { disk, file } = await diskWithFile();
  await file.write([bytes('ab'), bytes('c')], 0);
  await file.sync();
  expect(statesAtTheEnd(disk)).toEqual(['log: ax1 bx1 cx1']);
});

test('what was not synced is there or not, and a file may have grown without it', async () => {
  const { disk, file } = await diskWithFile();
  await file.write([bytes('a')], 0);
  expect(statesAtTheEnd(disk)).toEqual(['log:', 'log: 0x1', 'log: ?x1', 'log: ax1']);
});

test('writes tear at every sector, in any order', async () => {
  const { disk, file } = await diskWithFile();
  await file.write([bytes(`${'a'.repeat(512)}${'b'.repeat(512)}c`)], 0);
  const states = statesAtTheEnd(disk);
  for (const state of ['log: ax512', 'log: ax512 bx512', 'log: 0x512 bx512 0x1', 'log: ax512 0x512 cx1']) {
    expect(states).toContain(state);
  }
});

test('a sector that was written twice holds the first content, the second or neither, and never the second without the first', async () => {
  const { disk, file } = await diskWithFile();
  await file.write([bytes('aa')], 0);
  await file.write([bytes('bb')], 1);
  const states = statesAtTheEnd(disk);
  expect(states).toContain('log: ax2');
  expect(states).toContain('log: ax1 bx2');
  expect(states).toContain('log: ax2 0x1');
  expect(states).not.toContain('log: 0x1 bx2');
});

test('a sync covers what was done when it began, and nothing that came later', async () => {
  const { disk, file } = await diskWithFile();
  disk.held = true;
  const before = file.write([bytes('a')], 0);
  disk.complete(0);
  await before;
  const sync = file.sync();
  const after = file.write([bytes('b')], 1);
  disk.complete(1);
  disk.complete(0);
  await Promise.all([sync, after]);
  expect(statesAtTheEnd(disk)).toEqual(['log: ax1', 'log: ax1 0x1', 'log: ax1 ?x1', 'log: ax1 bx1']);
});

test('a write that is under way when a sync begins is not covered by it', async () => {
  const { disk, file } = await diskWithFile();
  disk.held = true;
  const write = file.write([bytes('a')], 0);
  const sync = file.sync();
  disk.complete(0);
  disk.complete(0);
  await Promise.all([write, sync]);
  expect(statesAtTheEnd(disk)).toContain('log:');
});

test('what a failed sync covered does not become durable by the next one', async () => {
  const { disk, file } = await diskWithFile();
  await file.write([bytes('a')], 0);
  disk.faults = (operation) => (operation.kind === 'sync' ? { code: 'EIO' } : undefined);
  await expect(file.sync()).rejects.toMatchObject({ code: 'EIO' });
  disk.faults = () => undefined;
  await file.sync();
  expect(statesAtTheEnd(disk)).toContain('log:');
});

test('a write that fails half-way has written half of it', async () => {
  const { disk, file } = await diskWithFile();
  disk.faults = (operation) => (operation.kind === 'write' ? { code: 'ENOSPC', bytesDone: 2 } : undefined);
  await expect(file.write([bytes('abc')], 0)).rejects.toMatchObject({ code: 'ENOSPC' });
  expect(imageText(disk.image())).toBe('log: ax1 bx1');
});

test('a name is durable once the directory was synced, whatever was synced of its file', async () => {
  const disk = new SimulatedDisk();
  const mounted = disk.mount();
  const file = await mounted.create('a');
  await file.write([bytes('a')], 0);
  await file.sync();
  expect(statesAtTheEnd(disk)).toEqual(['', 'a: ax1']);
  await mounted.syncDirectory();
  expect(statesAtTheEnd(disk)).toEqual(['a: ax1']);
});

test('changes of the directory that were not synced happen or not, each for itself', async () => {
  const disk = new SimulatedDisk(
    new Map([
      ['a', bytes('a')],
      ['b', bytes('b')],
    ]),
  );
  const mounted = disk.mount();
  await mounted.remove('a');
  await mounted.rename('b', 'c');
  expect(statesAtTheEnd(disk)).toEqual(['a: ax1, b: bx1', 'a: ax1, c: bx1', 'b: bx1', 'c: bx1']);
});

test('a truncation may not have happened, and leaves nothing behind the new end', async () => {
  const { disk, file } = await diskWithFile();
  await file.write([bytes('abc')], 0);
  await file.sync();
  await file.truncate(1);
  await file.truncate(3);
  const states = statesAtTheEnd(disk);
  expect(states).toContain('log: ax1 bx1 cx1');
  expect(states).toContain('log: ax1');
  expect(states).toContain('log: ax1 0x2');
});

test('a held disk does what the test completes, in that order', async () => {
  const { disk, file } = await diskWithFile();
  disk.held = true;
  const done: string[] = [];
  void file.write([bytes('a')], 0).then(() => done.push('a'));
  void file.write([bytes('b')], 1).then(() => done.push('b'));
  await macrotask();
  expect([disk.underWayCount, done]).toEqual([2, []]);
  disk.complete(1);
  await macrotask();
  expect([imageText(disk.image()), done]).toEqual(['log: 0x1 bx1', ['b']]);
});

test('bytes that change while they are being written are found', async () => {
  const { disk, file } = await diskWithFile();
  disk.held = true;
  const buffer = bytes('abc');
  void file.write([buffer], 4);
  buffer[1] = 0;
  expect(() => disk.complete(0)).toThrow('byte 5 of log changed while it was being written');
});

test('what a killed process has under way happens or not, and the process hears nothing more', async () => {
  const disk = new SimulatedDisk(new Map([['log', new Uint8Array(0)]]));
  const killed = disk.mount();
  const file = await killed.open('log');
  disk.held = true;
  let answers = 0;
  const answered = (): void => {
    answers++;
  };
  void file.write([bytes('a')], 0).then(answered);
  void file.write([bytes('b')], 1).then(answered);
  let asked = 0;
  disk.kill(killed, () => asked++ === 0);
  void file.sync().then(answered);
  await macrotask();
  expect([imageText(disk.image()), disk.underWayCount, answers]).toEqual(['log: ax1', 0, 0]);
});

test('an image is not changed by the disk that was made of it', async () => {
  const content = bytes('abc');
  const disk = new SimulatedDisk(new Map([['log', content]]));
  await (await disk.mount().open('log')).write([bytes('x')], 0);
  expect(content).toEqual(bytes('abc'));
});

test('the same seed gives the same choices, all of them different', () => {
  const disk = new SimulatedDisk(new Map([['log', new Uint8Array(0)]]));
  const operation = { kind: 'write', file: 0, at: 0, bytes: new Uint8Array(20 * 512) } as const;
  const journal = [{ phase: 'begun', operation }] as const;
  const point = [...crashPoints(disk.initial, journal)].at(-1);
  if (point === undefined) throw new Error('a journal has no point');
  const choices = (seed: number): string[] =>
    [...crashChoices(point, 300, new SeededRandom(seed))].map((choice) => choice.join());
  expect(choices(3)).toEqual(choices(3));
  expect(choices(3)).not.toEqual(choices(4));
  expect(new Set(choices(3)).size).toBe(300);
});
