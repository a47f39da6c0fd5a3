import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { MemoryWatch } from './memory-watch.ts';

let bytes: number;
let garbage: number;
let storeBytes: number;
let reclaims: number;
let alarms: boolean[];
let watch: MemoryWatch;

beforeEach(() => {
  vi.useFakeTimers();
  bytes = 0;
  garbage = 0;
  storeBytes = 0;
  reclaims = 0;
  alarms = [];
  watch = new MemoryWatch({
    highWatermarkBytes: 600,
    sample: () => bytes,
    storeBytes: () => storeBytes,
    reclaim: () => {
      reclaims++;
      bytes -= garbage;
      garbage = 0;
    },
    setAlarm: (on) => alarms.push(on),
  });
});

afterEach(() => {
  watch.stop();
  vi.useRealTimers();
});

function sampleEach(...values: number[]): boolean[] {
  for (const value of values) {
    bytes = value;
    vi.advanceTimersByTime(250);
  }
  return alarms;
}

describe('memory watch', () => {
  test('raises the alarm at the watermark, once', () => {
    expect(sampleEach(0, 599, 600, 700, 800)).toEqual([true]);
  });

  test('ends it only when a sixth less is in use', () => {
    expect(sampleEach(600, 599, 501)).toEqual([true]);
    expect(sampleEach(500)).toEqual([true, false]);
    expect(sampleEach(550, 600)).toEqual([true, false, true]);
  });

  test('garbage neither raises the alarm nor keeps it on', () => {
    garbage = 300;
    expect(sampleEach(700)).toEqual([]);
    expect(sampleEach(700)).toEqual([true]);
    garbage = 300;
    expect(sampleEach(700)).toEqual([true, false]);
  });

  test('reclaims once when a backlog was drained', () => {
    const mebibyte = 1024 * 1024;
    for (storeBytes = 0; storeBytes < 300 * mebibyte; storeBytes += 100 * mebibyte) sampleEach(0);
    expect(reclaims).toBe(0);
    storeBytes = 99 * mebibyte;
    sampleEach(0, 0, 0);
    expect(reclaims).toBe(1);
    storeBytes = 40 * mebibyte;
    sampleEach(0);
    expect(reclaims).toBe(1);
  });

  test('samples no more after stop', () => {
    watch.stop();
    expect(sampleEach(1000)).toEqual([]);
  });
});
