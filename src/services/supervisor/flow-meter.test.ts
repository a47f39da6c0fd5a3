import { expect, test } from 'vitest';
import { type Flow, FlowMeter } from './flow-meter.ts';

/** Looks half a second apart: [ready messages, handled so far, instances that work, those of them that are warm]. */
function measured(looks: readonly (readonly [number, number, number, number])[]): Flow | undefined {
  const meter = new FlowMeter();
  let flow: Flow | undefined;
  for (const [index, [queued, handledCount, readyCount, warmCount]] of looks.entries()) {
    flow = meter.add({ atMs: index * 500, queued, handledCount, readyCount, warmCount });
  }
  return flow;
}

test('one look says nothing of rates', () => {
  expect(measured([[5, 0, 1, 1]])).toBeUndefined();
});

test('what comes is what leaves and what is left behind', () => {
  expect(
    measured([
      [0, 0, 1, 1],
      [100, 50, 1, 1],
      [200, 100, 1, 1],
    ]),
  ).toEqual({
    queued: 200,
    handledPerSecond: 100,
    arrivalsPerSecond: 300,
    delayMs: 2_000,
    capacityPerSecond: 100,
  });
});

test('instances show what they can do while messages wait', () => {
  const idle = [
    [0, 0, 2, 2],
    [0, 20, 2, 2],
    [0, 40, 2, 2],
  ] as const;
  expect(measured(idle)?.capacityPerSecond).toBeUndefined();
  const backlog = [
    [9, 0, 2, 2],
    [9, 100, 2, 2],
  ] as const;
  expect(measured(backlog)?.capacityPerSecond).toBe(100);
});

test('what instances do without a backlog is the least that they can do', () => {
  const looks = [
    [9, 0, 1, 1],
    [9, 50, 1, 1],
    [0, 150, 1, 1],
    [0, 250, 1, 1],
  ] as const;
  expect(measured(looks)?.capacityPerSecond).toBe(200);
});

test('a moment in which all stands still is not taken for what instances can do', () => {
  const busy = Array.from({ length: 10 }, (_, index) => [9, index * 100, 1, 1] as const);
  const stalled = [
    [0, 1_000, 1, 1],
    [50, 1_010, 1, 1],
    [50, 1_015, 1, 1],
  ] as const;
  expect(measured([...busy, ...stalled])?.capacityPerSecond).toBeCloseTo(180);
  const slow = Array.from({ length: 40 }, (_, index) => [50, 1_015 + index * 10, 1, 1] as const);
  expect(measured([...busy, ...stalled, ...slow])?.capacityPerSecond).toBeCloseTo(20);
});

test('after a time of trouble, instances are trusted again with what they could do before', () => {
  const busy = Array.from({ length: 10 }, (_, index) => [9, index * 100, 1, 1] as const);
  const slow = Array.from({ length: 20 }, (_, index) => [50, 1_000 + index * 20, 1, 1] as const);
  const calm = Array.from({ length: 120 }, (_, index) => [0, 1_400 + index * 5, 1, 1] as const);
  expect(measured([...busy, ...slow])?.capacityPerSecond).toBeLessThan(70);
  const after = measured([...busy, ...slow, ...calm])?.capacityPerSecond;
  expect(after).toBeGreaterThan(120);
  expect(after).toBeLessThanOrEqual(200);
});

test('instances that have just begun do not count for what they can do', () => {
  const flow = measured([
    [9, 0, 1, 1],
    [9, 100, 1, 1],
    [9, 150, 2, 1],
    [9, 200, 2, 1],
  ]);
  expect(flow?.capacityPerSecond).toBe(200);
});

test('what waits while nothing leaves has no delay that could be said', () => {
  const flow = measured([
    [10, 0, 1, 1],
    [10, 0, 1, 1],
  ]);
  expect(flow).toMatchObject({ delayMs: undefined, handledPerSecond: 0, capacityPerSecond: undefined });
});
