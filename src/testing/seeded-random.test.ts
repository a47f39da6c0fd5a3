import { expect, test } from 'vitest';
import { SeededRandom } from './seeded-random.ts';

function numbers(seed: number, count: number): number[] {
  const random = new SeededRandom(seed);
  return Array.from({ length: count }, () => random.uint32());
}

test('the same seed gives the same numbers, another seed others', () => {
  expect(numbers(7, 20)).toEqual(numbers(7, 20));
  expect(numbers(7, 20)).not.toEqual(numbers(8, 20));
});

test('numbers are whole, fit in 32 bits and spread over all of them', () => {
  const drawn = numbers(1, 10_000);
  expect(drawn.every((value) => Number.isInteger(value) && value >= 0 && value < 2 ** 32)).toBe(true);
  const inEighth = new Array<number>(8).fill(0);
  for (const value of drawn) {
    inEighth[Math.floor(value / 2 ** 29)]! += 1;
  }
  expect(Math.min(...inEighth)).toBeGreaterThan(1100);
});
