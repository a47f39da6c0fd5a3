/**
 * A histogram of durations with log-sized buckets: exact up to 31 ms, and above in sixteenths of each power of two, so that the
 * middle of a bucket is at most 3.2 % from any value in it. It grows with the largest value: what takes milliseconds costs
 * 512 bytes, and 49 days 3.7 KiB.
 *
 *     bucket  0 .. 31    value itself
 *     bucket 32 .. 47    32 .. 63 ms, 2 ms each
 *     bucket 48 .. 63    64 .. 127 ms, 4 ms each       and so on
 */
const EXACT = 32;
/** Buckets per power of two, as a power of two. */
const SUB_BITS = 4;
const SUB = 1 << SUB_BITS;
/** Of EXACT. */
const EXACT_BITS = 5;
const VALUE_MAX = 2 ** 32 - 1;
const GROWTH = 32;
/** Shared by all that are empty. */
const NO_BUCKETS: Float64Array = new Float64Array(0);

export class DelayHistogram {
  /** Messages that it stands for. */
  count = 0;
  /** The sum of their durations. */
  sumMs = 0;
  #buckets: Float64Array = NO_BUCKETS;

  /** Adds a duration that stands for `weight` messages. */
  add(valueMs: number, weight: number): void {
    const value = valueMs < 0 ? 0 : Math.min(valueMs, VALUE_MAX);
    const index = bucketOf(value);
    if (index >= this.#buckets.length) this.#grow(index + 1);
    (this.#buckets[index] as number) += weight;
    this.count += weight;
    this.sumMs += value * weight;
  }

  addAll(other: DelayHistogram): void {
    const buckets = other.#buckets;
    if (buckets.length > this.#buckets.length) this.#grow(buckets.length);
    for (let index = 0; index < buckets.length; index++)
      (this.#buckets[index] as number) += buckets[index] as number;
    this.count += other.count;
    this.sumMs += other.sumMs;
  }

  clear(): void {
    this.#buckets.fill(0);
    this.count = 0;
    this.sumMs = 0;
  }

  /** Undefined when it is empty. */
  get meanMs(): number | undefined {
    return this.count === 0 ? undefined : this.sumMs / this.count;
  }

  /** The duration that a `share` (0 to 1) of the messages does not exceed; undefined when it is empty. */
  percentile(share: number): number | undefined {
    return this.count === 0 ? undefined : middleOf(this.bucketAt(share));
  }

  /** The bucket of that duration; 0 when it is empty. */
  bucketAt(share: number): number {
    const wanted = share * this.count;
    let seen = 0;
    let last = 0;
    for (let index = 0; index < this.#buckets.length; index++) {
      const weight = this.#buckets[index] as number;
      if (weight === 0) continue;
      seen += weight;
      last = index;
      if (seen >= wanted) break;
    }
    return last;
  }

  /** The messages that took at most `boundMs`, as exact as the buckets are. */
  countUpTo(boundMs: number): number {
    let count = 0;
    for (let index = 0; index < this.#buckets.length && middleOf(index) <= boundMs; index++)
      count += this.#buckets[index] as number;
    return count;
  }

  get memoryBytes(): number {
    return this.#buckets.byteLength;
  }

  #grow(length: number): void {
    const buckets = new Float64Array(Math.ceil(length / GROWTH) * GROWTH);
    buckets.set(this.#buckets);
    this.#buckets = buckets;
  }
}

function bucketOf(value: number): number {
  const whole = Math.floor(value) >>> 0;
  if (whole < EXACT) return whole;
  const power = 31 - Math.clz32(whole);
  return EXACT + (power - EXACT_BITS) * SUB + ((whole >>> (power - SUB_BITS)) & (SUB - 1));
}

/** The duration that a bucket stands for. */
export function middleOf(index: number): number {
  if (index < EXACT) return index;
  const power = EXACT_BITS + Math.floor((index - EXACT) / SUB);
  const width = 2 ** (power - SUB_BITS);
  const from = (SUB + ((index - EXACT) % SUB)) * width;
  return from + (width - 1) / 2;
}
