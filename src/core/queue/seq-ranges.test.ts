import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rangesOf, SeqRanges } from './seq-ranges.ts';

test('ascending seqs make as few ranges as can be', () => {
  expect(rangesOf(Float64Array.of())).toEqual([]);
  expect(rangesOf(Float64Array.of(1, 2, 3, 7, 9, 10))).toEqual([1, 4, 7, 8, 9, 11]);
});

test('seqs are taken from the last range first, as many as asked for', () => {
  const ranges = new SeqRanges();
  ranges.add([0, 2, 10, 14]);
  const taken: number[] = [];
  const take = (count: number) => ranges.take(count, (seq) => taken.push(seq) > 0);
  expect(take(3)).toBe(3);
  expect(taken).toEqual([10, 11, 12]);
  expect([ranges.has(12), ranges.has(13), ranges.has(0)]).toEqual([false, true, true]);
  expect(take(10)).toBe(3);
  expect(ranges.isEmpty).toBe(true);
  expect(take(1)).toBe(0);
});

test('taking ends before a seq that is refused', () => {
  const ranges = new SeqRanges();
  ranges.add([0, 2, 10, 14]);
  expect(ranges.take(10, (seq) => seq !== 12)).toBe(2);
  expect([ranges.has(11), ranges.has(12), ranges.has(0)]).toEqual([false, true, true]);
});

test('ranges that are added in any order are found as a set of seqs would find them', () => {
  const groups = fc.array(fc.uniqueArray(fc.nat(60), { maxLength: 20 }), { maxLength: 6 });
  fc.assert(
    fc.property(groups, fc.nat(40), (seqGroups, takeCount) => {
      const ranges = new SeqRanges();
      const model = new Set<number>();
      for (const group of seqGroups) {
        const fresh = Float64Array.from(group.filter((seq) => !model.has(seq))).sort();
        if (fresh.length > 0) ranges.add(rangesOf(fresh));
        for (const seq of fresh) model.add(seq);
      }
      ranges.take(takeCount, (seq) => model.delete(seq));
      for (let seq = 0; seq <= 61; seq++) expect(ranges.has(seq)).toBe(model.has(seq));
      expect(ranges.take(100, (seq) => model.delete(seq))).toBeLessThanOrEqual(61);
      expect(model.size).toBe(0);
    }),
  );
});
