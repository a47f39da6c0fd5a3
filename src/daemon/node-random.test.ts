import { expect, test } from 'vitest';
import { NodeRandom } from './node-random.ts';

test('numbers are whole, fit 32 bits, and do not repeat when the pool is filled anew', () => {
  const random = new NodeRandom();
  const numbers = Array.from({ length: 5000 }, () => random.uint32());
  expect(numbers.every((each) => Number.isInteger(each) && each >= 0 && each < 2 ** 32)).toBe(true);
  // Two equal ones among 5000 are a matter of chance (0.3 %), twenty are not.
  expect(new Set(numbers).size).toBeGreaterThan(4980);
});
