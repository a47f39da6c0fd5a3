import { expect, test } from 'vitest';
import { ChannelNumbers } from './channel-numbers.ts';

test('numbers begin at 1, and released ones are used again', () => {
  const numbers = new ChannelNumbers(3);
  expect([numbers.take(), numbers.take()]).toEqual([1, 2]);
  numbers.release(1);
  expect([numbers.take(), numbers.take()]).toEqual([1, 3]);
});

test('more channels than the broker allows are refused with the figures', () => {
  const numbers = new ChannelNumbers(1);
  numbers.take();
  expect(() => numbers.take()).toThrow('1 of 1 are open');
});
