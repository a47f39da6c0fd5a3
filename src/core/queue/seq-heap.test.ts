import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SeqHeap } from './seq-heap.ts';

test('what goes in comes out in ascending order, whatever came in between', () => {
  const input = fc.array(fc.oneof(fc.nat(1000), fc.constantFrom('pop' as const, 'remove' as const)), {
    maxLength: 300,
    size: 'max',
  });
  fc.assert(
    fc.property(input, (commands) => {
      const heap = new SeqHeap();
      const model: number[] = [];
      for (const command of commands) {
        if (typeof command === 'number') {
          heap.push(command);
          model.push(command);
          model.sort((a, b) => a - b);
        } else if (command === 'remove' && model.length > 0) {
          const [seq] = model.splice(model.length >> 1, 1) as [number];
          expect(heap.has(seq)).toBe(true);
          heap.remove(seq);
          expect(heap.has(seq)).toBe(model.includes(seq));
        } else if (model.length > 0) {
          expect(heap.peek()).toBe(model[0]);
          expect(heap.pop()).toBe(model.shift());
        }
        expect(heap.size).toBe(model.length);
      }
      while (heap.size > 0) expect(heap.pop()).toBe(model.shift());
    }),
  );
});

test('seqs beyond 32 bits keep their order', () => {
  const heap = new SeqHeap();
  for (const seq of [2 ** 40 + 1, 2 ** 40, 7]) heap.push(seq);
  expect([heap.pop(), heap.pop(), heap.pop()]).toEqual([7, 2 ** 40, 2 ** 40 + 1]);
});

test('all entries can be taken out at once, ascending', () => {
  const heap = new SeqHeap();
  for (const seq of [5, 300, 7, 20]) heap.push(seq);
  expect([...heap.drain()]).toEqual([5, 7, 20, 300]);
  expect(heap.size).toBe(0);
  heap.push(3);
  expect([...heap.drain()]).toEqual([3]);
  expect([...heap.drain()]).toEqual([]);
});

test('the smallest entries from a place on are found without taking them out', () => {
  const entries = fc.uniqueArray(fc.nat(500), { maxLength: 200 });
  fc.assert(
    fc.property(entries, fc.nat(500), fc.integer({ min: 1, max: 20 }), (seqs, least, countMax) => {
      const heap = new SeqHeap();
      for (const seq of seqs) heap.push(seq);
      const expected = seqs
        .filter((seq) => seq >= least)
        .sort((a, b) => a - b)
        .slice(0, countMax);
      expect(heap.from(least, countMax)).toEqual(expected);
      expect(heap.size).toBe(seqs.length);
    }),
  );
});
