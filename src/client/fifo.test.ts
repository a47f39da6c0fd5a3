import { expect, test } from 'vitest';
import { Fifo } from './fifo.ts';

test('what comes first goes first, over any number of items', () => {
  const fifo = new Fifo<number>();
  const out: (number | undefined)[] = [];
  for (let item = 0; item < 5_000; item++) {
    fifo.push(item);
    if (item % 3 !== 0) out.push(fifo.shift());
  }
  while (fifo.length > 0) out.push(fifo.shift());
  expect(out).toEqual(Array.from({ length: 5_000 }, (_, index) => index));
  expect([fifo.first, fifo.shift(), fifo.length]).toEqual([undefined, undefined, 0]);
});

test('items can be put back in front', () => {
  const fifo = new Fifo<string>();
  for (const item of ['a', 'b', 'c']) fifo.push(item);
  fifo.shift();
  fifo.pushFront(['x', 'y']);
  expect([fifo.first, fifo.length, fifo.takeAll(), fifo.length]).toEqual(['x', 4, ['x', 'y', 'b', 'c'], 0]);
});
