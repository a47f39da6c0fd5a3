import { beforeEach, expect, test } from 'vitest';
import { SettlementRuns } from './settlement-runs.ts';

let runs: SettlementRuns;
/** Each record as `lane: from+count from+count (cold block)`. */
let written: string[];

beforeEach(() => {
  written = [];
  runs = new SettlementRuns((laneId, values, runCount, coldBlock) => {
    const texts = Array.from({ length: runCount }, (_, run) => `${values[2 * run]}+${values[2 * run + 1]}`);
    written.push(`${laneId}: ${texts.join(' ')} (${coldBlock})`);
  });
});

test('neighbours become one run', () => {
  for (const seq of [5, 6, 7, 9, 10, 4]) runs.add(1, seq, 0);
  runs.flush();
  expect(written).toEqual(['1: 5+3 9+2 4+1 (0)']);
});

test('another lane begins another record', () => {
  for (const laneId of [1, 2, 2, 1]) runs.add(laneId, 8 + laneId, 0);
  runs.flush();
  expect(written).toEqual(['1: 9+1 (0)', '2: 10+1 10+1 (0)', '1: 9+1 (0)']);
});

test('the same seq of another lane is no neighbour', () => {
  runs.add(1, 5, 0);
  runs.add(2, 6, 0);
  runs.flush();
  expect(written).toEqual(['1: 5+1 (0)', '2: 6+1 (0)']);
});

test('a record names the newest cold block of all that it settles, and the next one begins anew', () => {
  runs.add(1, 5, 70);
  runs.add(1, 6, 80);
  runs.addRange(1, 20, 30, 60);
  runs.flush();
  runs.add(1, 31, 0);
  runs.flush();
  expect(written).toEqual(['1: 5+2 20+10 (80)', '1: 31+1 (0)']);
});

test('what follows a flush is a new run, also right behind the last one', () => {
  runs.add(1, 5, 0);
  runs.flush();
  runs.add(1, 6, 0);
  runs.flush();
  runs.flush();
  expect(written).toEqual(['1: 5+1 (0)', '1: 6+1 (0)']);
});

test('a lane with very many runs gets several records', () => {
  for (let seq = 0; seq < 2 * 1025; seq += 2) runs.add(1, seq, 0);
  runs.flush();
  expect(written.map((record) => record.split(' ').length - 2)).toEqual([1024, 1]);
});
