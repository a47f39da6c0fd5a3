import { beforeEach, expect, test } from 'vitest';
import { RuntimeUnderTest, SurvivingRuntime } from '../../../test/core/runtime-under-test.ts';
import { NO_CONTENT } from '../message/kept-record.ts';
import { type Kept, KeptRecords } from './kept-records.ts';

let host: RuntimeUnderTest;
let dropped: string[];
let restored: string[];
let lanesMade: number;

beforeEach(() => {
  host = new RuntimeUnderTest();
  dropped = [];
  restored = [];
  lanesMade = 0;
});

function keep(runtime = host.runtime, countMax = 3): KeptRecords {
  const keeper = {
    onRestored: ({ key }: Kept) => restored.push(key),
    onDropped: ({ key }: Kept) => dropped.push(key),
    onLane: () => {
      lanesMade++;
    },
  };
  return new KeptRecords(runtime, keeper, countMax);
}

function add(records: KeptRecords, key: string, ttlMs: number, durable = true): Kept {
  return records.add({ scope: 's', key, origin: undefined }, ttlMs, durable, NO_CONTENT);
}

test('records go when their time is over, and give their room back', () => {
  const records = keep();
  add(records, 'late', 90);
  add(records, 'early', 10);
  host.advanceTo(9);
  expect(dropped).toEqual([]);
  host.advanceTo(10);
  expect(dropped).toEqual(['early']);
  host.advanceTo(90);
  expect(dropped).toEqual(['early', 'late']);
  expect([records.count, host.log.liveBytes]).toEqual([0, 0]);
});

test('beyond their number the oldest goes, whatever its time', () => {
  const records = keep();
  for (const [key, ttlMs] of [
    ['a', Number.POSITIVE_INFINITY],
    ['b', 5],
    ['c', 100],
    ['d', 1],
  ] as const) {
    add(records, key, ttlMs);
  }
  expect(dropped).toEqual(['a']);
  expect(records.count).toBe(3);
});

test('a record that is removed does not go again at its time', () => {
  const records = keep();
  const kept = add(records, 'a', 10);
  records.remove(kept);
  records.remove(kept);
  expect(records.has(kept)).toBe(false);
  host.advanceTo(20);
  expect(dropped).toEqual([]);
  expect(host.log.liveBytes).toBe(0);
});

test('no lane is made before the first record, and one for all', () => {
  const records = keep();
  expect([records.laneId, lanesMade]).toEqual([undefined, 0]);
  add(records, 'a', 10);
  add(records, 'b', 10);
  expect(records.laneId).toBeGreaterThan(0);
  expect(lanesMade).toBe(1);
});

test('no more than a bounded number goes in one turn', () => {
  const records = keep(host.runtime, 10_000);
  for (let count = 0; count < 1500; count++) add(records, String(count), 10);
  host.advanceTo(10);
  expect(dropped).toHaveLength(1024);
  host.advanceTo(10);
  expect(dropped).toHaveLength(1500);
});

test('durable records are there after a restart, from the oldest on, with what they are found by', async () => {
  const first = SurvivingRuntime.start();
  const before = keep(first.runtime, 10);
  add(before, 'ünïcode', 100);
  add(before, 'transient', 100, false);
  const origin = { laneId: 7, seq: 2 ** 40 };
  before.add({ scope: 'q', key: 'of a message', origin }, Number.POSITIVE_INFINITY, true, NO_CONTENT);
  add(before, 'over', 5);
  before.remove(add(before, 'removed', 100));
  first.turn();
  const second = await first.restart(20);
  const after = keep(second.runtime, 10);
  after.adopt(before.laneId as number);
  expect(restored).toEqual(['ünïcode', 'of a message', 'over']);
  expect(second.turnsRequested).toBe(1);
  second.turn();
  expect(dropped).toEqual(['over']);
  second.advanceTo(100);
  expect(dropped).toEqual(['over', 'ünïcode']);
  second.turn();
  const third = await second.restart(200);
  const last = keep(third.runtime, 10);
  const origins: unknown[] = [];
  const kept = third.runtime.takeRestored(before.laneId as number).adoptKept();
  for (const each of kept) origins.push([each.scope, each.key, each.origin]);
  expect(origins).toEqual([['q', 'of a message', origin]]);
  expect(last.count).toBe(0);
});
