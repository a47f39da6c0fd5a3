import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  COLUMN,
  MESSAGE_LAYOUT,
  QUEUE_RETENTION,
  Series,
  type SeriesColumn,
  spanTicks,
  TRAFFIC_LAYOUT,
} from './series.ts';

const WIDTH = MESSAGE_LAYOUT.names.length;
const clock = { tick: 0, wallMsOf: (coreMs: number) => coreMs + 1_577_836_800_000 };

beforeEach(() => {
  clock.tick = 0;
});

function seriesAt(tick: number, row: Float64Array = new Float64Array(WIDTH)): Series {
  clock.tick = tick;
  return new Series(MESSAGE_LAYOUT, QUEUE_RETENTION, clock, tick, row);
}

function rowWith(values: Partial<Record<SeriesColumn, number>>): Float64Array {
  return Float64Array.from(MESSAGE_LAYOUT.names.map((name) => values[name] ?? 0));
}

function sample(series: Series, tick: number, values: Partial<Record<SeriesColumn, number>>): boolean {
  clock.tick = tick;
  return series.sample(tick, rowWith(values));
}

test('the rate is the growth over the last interval, a second', () => {
  const series = seriesAt(100);
  sample(series, 101, { publish: 50, ready: 50 });
  expect([series.rateOf('publish'), series.rateOf('ready'), series.rateOf('ack')]).toEqual([10, 10, 0]);
  sample(series, 102, { publish: 60, ready: 20 });
  expect([series.rateOf('publish'), series.rateOf('ready')]).toEqual([2, -6]);
});

test('the rate is that of the sample before while the newest one is still to be taken', () => {
  const series = seriesAt(100);
  sample(series, 101, { publish: 50 });
  clock.tick = 102;
  expect(series.rateOf('publish')).toBe(10);
  clock.tick = 103;
  expect(series.rateOf('publish')).toBe(0);
});

test('what was there before anything happened counts as before', () => {
  const series = seriesAt(100, rowWith({ enqueued: 7, ready: 7 }));
  sample(series, 101, { enqueued: 17, ready: 17 });
  expect(series.rateOf('enqueued')).toBe(2);
  expect(series.samplesOf('ready', 15, 5).map(({ value }) => value)).toEqual([17, 7, 7, 7]);
});

test('samples are newest first, at whole intervals of the clock on the wall', () => {
  const series = seriesAt(100);
  for (let tick = 101; tick <= 110; tick++) sample(series, tick, { publish: tick });
  expect(series.samplesOf('publish', 20, 10)).toEqual([
    { timestampMs: clock.wallMsOf(550_000), value: 110 },
    { timestampMs: clock.wallMsOf(540_000), value: 108 },
    { timestampMs: clock.wallMsOf(530_000), value: 106 },
  ]);
});

test('messages and deliverGet follow from other columns', () => {
  const series = seriesAt(100);
  sample(series, 101, { enqueued: 10, settled: 4, deliver: 3, deliverNoAck: 4, get: 5, getNoAck: 6 });
  expect(series.samplesOf('messages', 0, 5)[0]?.value).toBe(6);
  expect(series.rateOf('deliverGet')).toBe(18 / 5);
});

test('nothing takes memory before it changes, and a day later it takes none again', () => {
  const series = seriesAt(100);
  expect(series.memoryBytes).toBe(0);
  expect(sample(series, 101, {})).toBe(false);
  expect(series.memoryBytes).toBe(0);
  const values = { publish: 1, deliver: 1, ack: 1, enqueued: 1, settled: 1, ready: 1, unacked: 1 };
  expect(sample(series, 102, { ...values, busyMs: 1, capacityMs: 1 })).toBe(true);
  expect(series.memoryBytes).toBeLessThan(4800);
  series.rest();
  expect(series.memoryBytes).toBe(0);
  expect(series.samplesOf('publish', 5, 5).map(({ value }) => value)).toEqual([1, 1]);
  sample(series, 103, { publish: 6 });
  expect(series.rateOf('publish')).toBe(1);
});

test('an integral alone is no change, and grows evenly while nothing was sampled', () => {
  const series = seriesAt(100);
  expect(sample(series, 101, { capacityMs: 5000, publish: 1 })).toBe(true);
  expect(sample(series, 105, { capacityMs: 25_000, publish: 1 })).toBe(false);
  expect(at(series, COLUMN.capacityMs, 103)).toBe(15_000);
  const now = rowWith({ capacityMs: 30_000 });
  expect(series.at(COLUMN.capacityMs, 105, 106, now)).toBe(25_000);
  expect(series.at(COLUMN.capacityMs, 106, 107, rowWith({ capacityMs: 35_000 }))).toBe(30_000);
});

test('bytes are kept in full', () => {
  clock.tick = 100;
  const series = new Series(TRAFFIC_LAYOUT, QUEUE_RETENTION, clock, 100, new Float64Array(2));
  for (let tick = 101; tick <= 130; tick++) {
    clock.tick = tick;
    series.sample(tick, Float64Array.from([(tick - 100) * 1e12, 0]));
  }
  expect(series.rateOf('receivedBytes')).toBe(2e11);
  expect(series.samplesOf('receivedBytes', 120, 60).map(({ value }) => value)).toEqual([30e12, 18e12, 0]);
});

function at(series: Series, column: number, tick: number): number {
  return series.at(column, tick, tick, rowWith({}));
}

describe('against a model that keeps every row', () => {
  // Less than 2^32 in half an hour: 2.4 million a second.
  const STEP_MAX = 71_000_000;
  const PUBLISHED_BEFORE = 2 ** 32 - 1000;
  const steps = fc.array(
    fc.record({
      ticks: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 500 }), fc.constant(20_000)),
      published: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: STEP_MAX })),
      ready: fc.integer({ min: 0, max: 1_000_000 }),
    }),
    { minLength: 1, maxLength: 60 },
  );

  test('each row that a ring still has is what it was', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1000 }), steps, (start, all) => {
        const series = seriesAt(start, rowWith({ publish: PUBLISHED_BEFORE }));
        const model = [{ tick: start, publish: PUBLISHED_BEFORE, ready: 0 }];
        for (const { ticks, published, ready } of all) {
          const last = model.at(-1) as (typeof model)[0];
          const row = { tick: last.tick + ticks, publish: last.publish + published, ready };
          model.push(row);
          sample(series, row.tick, { publish: row.publish, ready: row.ready });
        }
        const newest = clock.tick;
        for (let age = 0; age < spanTicks(QUEUE_RETENTION); age += age < 15 ? 1 : 197) {
          const tick = series.rowTick(newest - age);
          const expected = model.findLast((row) => row.tick <= tick) ?? {
            publish: PUBLISHED_BEFORE,
            ready: 0,
          };
          expect(at(series, 0, tick)).toBe(expected.publish);
          expect(at(series, COLUMN.ready, tick)).toBe(expected.ready);
          expect(newest - age - tick).toBeLessThan(age <= 12 ? 1 : age <= 720 - 12 ? 12 : 360);
        }
      }),
      { numRuns: 100 },
    );
  });
});
