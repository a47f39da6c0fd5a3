import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TimeHeap } from './time-heap.ts';

test('an empty heap is due never', () => {
  const heap = new TimeHeap();
  expect(heap.nextMs).toBe(Number.POSITIVE_INFINITY);
  heap.push(5, 1);
  heap.pop();
  expect(heap.nextMs).toBe(Number.POSITIVE_INFINITY);
});

test('pairs leave by time, and those of one time by value', () => {
  const pairs = fc.array(fc.option(fc.tuple(fc.nat(20), fc.nat(1000)), { nil: 'pop' as const }), {
    maxLength: 200,
    size: 'max',
  });
  fc.assert(
    fc.property(pairs, (commands) => {
      const heap = new TimeHeap();
      const model: [atMs: number, value: number][] = [];
      for (const command of commands) {
        if (command !== 'pop') {
          heap.push(...command);
          model.push(command);
          model.sort(([atA, a], [atB, b]) => atA - atB || a - b);
        } else if (model.length > 0) {
          expect(heap.nextMs).toBe(model[0]?.[0]);
          expect(heap.pop()).toBe(model.shift()?.[1]);
        }
      }
      expect(heap.size).toBe(model.length);
      while (heap.size > 0) expect(heap.pop()).toBe(model.shift()?.[1]);
    }),
  );
});
