import { randomFillSync } from 'node:crypto';
import type { Random } from '../core/environment.ts';

const POOL_NUMBERS = 1024;

/** Random numbers that cannot be guessed, since queue names are made of them. Drawn in bulk: a single draw costs 1 us. */
export class NodeRandom implements Random {
  readonly #pool = new Uint32Array(POOL_NUMBERS);
  #next = POOL_NUMBERS;

  uint32(): number {
    if (this.#next === POOL_NUMBERS) {
      randomFillSync(this.#pool);
      this.#next = 0;
    }
    return this.#pool[this.#next++] ?? 0;
  }
}
