import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type DiskState, DiskWatch } from './disk-watch.ts';

const MIB = 2 ** 20;
const GIB = 2 ** 30;

let freeBytes: number | Error;
let samples: number;
let states: DiskState[];
/** The free bytes that came with them. */
let told: (number | undefined)[];
/** The listener throws when there is little room. */
let stateFails: boolean;
let unknown: string[];
let watch: DiskWatch;

function watchFor(freeBytesMin: number): DiskWatch {
  return new DiskWatch({
    freeBytesMin,
    freeBytes: async () => {
      samples++;
      if (typeof freeBytes === 'number') return freeBytes;
      throw freeBytes;
    },
    onState: (state, free) => {
      states.push(state);
      told.push(free);
      if (state === 'short' && stateFails) throw new Error('a defect');
    },
    onUnknown: (reason) => unknown.push(reason.message),
  });
}

beforeEach(() => {
  vi.useFakeTimers();
  freeBytes = 100 * GIB;
  samples = 0;
  states = [];
  told = [];
  stateFails = false;
  unknown = [];
  watch = watchFor(500 * MIB);
});

afterEach(() => {
  watch.stop();
  vi.useRealTimers();
});

async function sampleEach(...values: (number | Error)[]): Promise<DiskState[]> {
  for (const value of values) {
    freeBytes = value;
    await vi.advanceTimersByTimeAsync(1000);
  }
  return states;
}

describe('disk watch', () => {
  test('knows before anything is written that there is no room', async () => {
    freeBytes = 499 * MIB;
    await watch.start();
    expect(states).toEqual(['short']);
  });

  test('says that there is little room below the limit, once', async () => {
    await watch.start();
    expect(await sampleEach(600 * MIB, 500 * MIB, 499 * MIB, 100 * MIB, 0)).toEqual(['short']);
  });

  test('takes it back only when there is a fifth more', async () => {
    await watch.start();
    expect(await sampleEach(400 * MIB, 500 * MIB, 599 * MIB)).toEqual(['short']);
    expect(await sampleEach(600 * MIB)).toEqual(['short', 'enough']);
    expect(await sampleEach(550 * MIB, 499 * MIB)).toEqual(['short', 'enough', 'short']);
  });

  test('looks again before a fast disk could have filled what is left above the limit', async () => {
    await watch.start();
    freeBytes = 500 * MIB + 100e6;
    await vi.advanceTimersByTimeAsync(1000);
    expect(samples).toBe(2);
    await vi.advanceTimersByTimeAsync(1000);
    expect(samples).toBe(12);
    freeBytes = 500 * MIB;
    await vi.advanceTimersByTimeAsync(100);
    expect(samples).toBe(13);
    await vi.advanceTimersByTimeAsync(200);
    expect(samples).toBe(23);
  });

  test('a disk without any room is full, whatever was measured', async () => {
    await watch.start();
    watch.setFull(true);
    expect(await sampleEach(100 * GIB)).toEqual(['full']);
    watch.setFull(false);
    expect(states).toEqual(['full', 'enough']);
  });

  test('there is little room left when a full disk is full no more', async () => {
    await watch.start();
    await sampleEach(100 * MIB);
    watch.setFull(true);
    watch.setFull(false);
    expect(states).toEqual(['short', 'full', 'short']);
  });

  test('with a limit of 0 only a full disk matters', async () => {
    watch = watchFor(0);
    await watch.start();
    expect(await sampleEach(0)).toEqual([]);
    expect(samples).toBe(0);
    watch.setFull(true);
    expect(states).toEqual(['full']);
  });

  test('what cannot be measured is said once, and changes nothing', async () => {
    await watch.start();
    await sampleEach(100 * MIB, new Error('gone'), new Error('gone'));
    expect([states, unknown]).toEqual([['short'], ['gone']]);
    expect(await sampleEach(GIB)).toEqual(['short', 'enough']);
  });

  test('says how much room there is, as far as it is known', async () => {
    watch.setFull(true);
    watch.setFull(false);
    await watch.start();
    await sampleEach(400 * MIB, GIB);
    expect(told).toEqual([undefined, undefined, 400 * MIB, GIB]);
  });

  test('what whoever is told breaks is not taken for a disk that cannot be measured', async () => {
    freeBytes = 0;
    stateFails = true;
    await expect(watch.start()).rejects.toThrow('a defect');
    expect(unknown).toEqual([]);
  });

  test('samples no more after stop', async () => {
    await watch.start();
    watch.stop();
    expect(await sampleEach(0)).toEqual([]);
    expect(samples).toBe(1);
  });

  test('a sample that was under way when it was stopped is forgotten', async () => {
    freeBytes = 0;
    const started = watch.start();
    watch.stop();
    await started;
    expect([states, vi.getTimerCount()]).toEqual([[], 0]);
  });
});
