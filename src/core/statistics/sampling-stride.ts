/**
 * Which messages are measured: all while they are few, and one of `weight` on average when they are many. The gaps are random,
 * so that no pattern in the messages can go with them, and do not depend on what is measured: the result is unbiased.
 */

/** Measured in an interval before the weight doubles. */
const MEASURED_MAX = 500;
const WEIGHT_MAX = 2 ** 24;

export class SamplingStride {
  /** Messages that a measured one stands for: a power of two. */
  weight = 1;
  #measured = 0;
  /** Messages that were stood for since `adapt`. */
  #represented = 0;
  /** Of an xorshift generator: the broker's own randomness must not depend on whether anything is measured. */
  #state = 0x9e3779b9;

  /** One was measured. Returns how many messages there are to the next one, that one included. */
  next(): number {
    this.#represented += this.weight;
    if (++this.#measured >= MEASURED_MAX && this.weight < WEIGHT_MAX) {
      this.#measured = 0;
      this.weight *= 2;
    }
    return this.gap();
  }

  /** An interval is over. Returns whether more is measured from now on, and the gap under way is too long. */
  adapt(): boolean {
    const { weight } = this;
    this.weight = 1;
    while (this.#represented / this.weight >= 2 * MEASURED_MAX && this.weight < weight) this.weight *= 2;
    this.#represented = 0;
    this.#measured = 0;
    return this.weight < weight;
  }

  /** 1 to 2 * weight - 1, and `weight` on average. */
  gap(): number {
    if (this.weight === 1) return 1;
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return 1 + ((state >>> 0) % (2 * this.weight - 1));
  }
}
