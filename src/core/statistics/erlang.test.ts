import { expect, test } from 'vitest';
import { meanTimeInSystem, serversFor, waitingShare } from './erlang.ts';

test('with one server the waiting share is the load (M/M/1)', () => {
  for (const load of [0, 0.1, 0.5, 0.99]) expect(waitingShare(1, load)).toBeCloseTo(load, 12);
  expect(meanTimeInSystem(1, 50, 100)).toBeCloseTo(1 / 50, 12);
});

test("agrees with tables of Erlang's C", () => {
  expect(waitingShare(2, 1)).toBeCloseTo(1 / 3, 9);
  expect(waitingShare(10, 8)).toBeCloseTo(0.4092, 4);
  expect(waitingShare(100, 90)).toBeCloseTo(0.2169, 2);
});

test('a queue that gets more than its servers can do has no mean time', () => {
  expect(meanTimeInSystem(2, 20, 10)).toBe(Number.POSITIVE_INFINITY);
});

test('as many servers as needed, and not one more', () => {
  for (const [target, arrivals, service] of [
    [0.15, 35, 10],
    [0.11, 350, 10],
    [0.02, 50, 100],
    [2, 10_000, 1],
  ] as const) {
    const servers = serversFor(target, arrivals, service) as number;
    expect(meanTimeInSystem(servers, arrivals, service)).toBeLessThanOrEqual(target);
    expect(meanTimeInSystem(servers - 1, arrivals, service)).toBeGreaterThan(target);
  }
});

test('no number of servers makes a message faster than its own service', () => {
  expect(serversFor(0.05, 10, 10)).toBeUndefined();
});

test('one server is enough for nothing', () => {
  expect(serversFor(0.2, 0, 10)).toBe(1);
});
