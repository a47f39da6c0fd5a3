import { expect, test } from 'vitest';
import { SeqColumn } from './seq-column.ts';

test('a column keeps a number for each seq, wherever it is, and 0 for the others', () => {
  const column = new SeqColumn();
  for (const seq of [0, 511, 512, 2 ** 40, 3]) column.set(seq, seq % 1000);
  column.set(512, 2 ** 32 - 1);
  expect([0, 511, 512, 2 ** 40, 3, 4].map((seq) => column.get(seq))).toEqual([
    0,
    511,
    2 ** 32 - 1,
    2 ** 40 % 1000,
    3,
    0,
  ]);
});
