import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TimeOrder } from './time-order.ts';

test('pairs come out by time, and those of one time by value', () => {
  const order = new TimeOrder();
  for (const [atMs, value] of [
    [5, 1],
    [3, 9],
    [5, 0],
    [1, 7],
  ] as const) {
    order.push(atMs, value);
  }
  expect(order.nextMs).toBe(1);
  expect([order.pop(), order.pop(), order.pop(), order.pop()]).toEqual([7, 9, 0, 1]);
  expect(order.nextMs).toBe(Number.POSITIVE_INFINITY);
});

test('a pair can be taken out wherever it is, once', () => {
  const order = new TimeOrder();
  for (let value = 0; value < 2000; value++) order.push(value % 7, value);
  expect(order.delete(3, 10)).toBe(true);
  expect(order.delete(3, 10)).toBe(false);
  expect(order.delete(4, 10)).toBe(false);
  expect(order.size).toBe(1999);
});

test('a slice shows what comes from a place on', () => {
  const order = new TimeOrder();
  for (let value = 1999; value >= 0; value--) order.push(value * 10, value);
  expect(order.slice(1500, 2)).toEqual([
    { atMs: 15_000, value: 1500 },
    { atMs: 15_010, value: 1501 },
  ]);
  expect(order.slice(1999, 5)).toHaveLength(1);
  expect(order.slice(2000, 5)).toEqual([]);
});

test('any mixture of pushes, pops and deletions keeps the order', () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('push' as const), atMs: fc.nat(50) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('pop' as const), atMs: fc.nat(50) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete' as const), atMs: fc.nat() }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 3000, size: 'max' }), (steps) => {
      const order = new TimeOrder();
      let model: { atMs: number; value: number }[] = [];
      let nextValue = 0;
      for (const { kind, atMs } of steps) {
        if (kind === 'push') {
          const pair = { atMs, value: nextValue++ };
          order.push(atMs, pair.value);
          model.push(pair);
          model.sort((a, b) => a.atMs - b.atMs || a.value - b.value);
        } else if (kind === 'pop' && model.length > 0) {
          expect(order.pop()).toBe(model.shift()?.value);
        } else if (model.length > 0) {
          const doomed = model[atMs % model.length] as { atMs: number; value: number };
          expect(order.delete(doomed.atMs, doomed.value)).toBe(true);
          model = model.filter((pair) => pair !== doomed);
        }
      }
      expect(order.slice(0, model.length + 1)).toEqual(model);
      expect(order.size).toBe(model.length);
    }),
    { numRuns: 20 },
  );
});
