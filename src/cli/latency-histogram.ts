/** Sub-buckets of each power of two: 2^5, which keeps every value to within 3 %. */
const SUB_BITS = 5;
const SUB_COUNT = 1 << SUB_BITS;
/** 32-bit microseconds: an hour and eleven minutes. */
const VALUE_BITS = 32;

/**
 * Counts durations in microseconds, so that percentiles can be told afterwards. A value falls into the bucket of its highest bits:
 *
 *     0 .. 31             each its own bucket
 *     2^n .. 2^(n+1) - 1  32 buckets, each 2^(n-5) wide
 *
 * Takes 4 KiB however much is recorded. Recording runs per message.
 */
export class LatencyHistogram {
  readonly #counts: Float64Array = new Float64Array((VALUE_BITS - SUB_BITS + 1) * SUB_COUNT);
  #count = 0;
  #maxUs = 0;

  get count(): number {
    return this.#count;
  }

  record(valueUs: number): void {
    const value = valueUs < 0 ? 0 : Math.min(valueUs, 0xffff_ffff) >>> 0;
    const index = bucketOf(value);
    this.#counts[index] = (this.#counts[index] as number) + 1;
    this.#count += 1;
    if (value > this.#maxUs) {
      this.#maxUs = value;
    }
  }

  add(other: LatencyHistogram): void {
    for (let index = 0; index < this.#counts.length; index += 1) {
      this.#counts[index] = (this.#counts[index] as number) + (other.#counts[index] as number);
    }
    this.#count += other.#count;
    this.#maxUs = Math.max(this.#maxUs, other.#maxUs);
  }

  /** The longest duration in milliseconds; undefined when nothing was recorded. */
  maxMs(): number | undefined {
    return this.#count === 0 ? undefined : this.#maxUs / 1000;
  }

  /** What `share` (0 to 1) of the durations do not exceed, in milliseconds; undefined when nothing was recorded. */
  percentileMs(share: number): number | undefined {
    if (this.#count === 0) {
      return undefined;
    }
    const wanted = Math.max(1, Math.ceil(share * this.#count));
    let seen = 0;
    let index = -1;
    while (seen < wanted) {
      index += 1;
      seen += this.#counts[index] as number;
    }
    return Math.min(highestOf(index), this.#maxUs) / 1000;
  }
}

function bucketOf(value: number): number {
  if (value < SUB_COUNT) {
    return value;
  }
  const shift = VALUE_BITS - 1 - Math.clz32(value) - SUB_BITS;
  return (shift + 1) * SUB_COUNT + (value >>> shift) - SUB_COUNT;
}

/** The highest value that falls into the bucket. */
function highestOf(index: number): number {
  if (index < SUB_COUNT) {
    return index;
  }
  const shift = Math.floor(index / SUB_COUNT) - 1;
  return ((index % SUB_COUNT) + SUB_COUNT + 1) * 2 ** shift - 1;
}
