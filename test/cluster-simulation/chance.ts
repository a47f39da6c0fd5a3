import { SeededRandom } from '../../src/testing/seeded-random.ts';

/** Chance of one seed. */
export class Chance {
  readonly random: SeededRandom;

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
  }

  /** From `min` to below `max`. */
  between(min: number, max: number): number {
    return min + (this.random.uint32() / 2 ** 32) * (max - min);
  }

  /** From 0 to `count` - 1. */
  below(count: number): number {
    return this.random.uint32() % count;
  }

  happens(probability: number): boolean {
    return this.random.uint32() < probability * 2 ** 32;
  }
}
