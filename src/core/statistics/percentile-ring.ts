import { type DelayHistogram, middleOf } from './delay-histogram.ts';

/** Of the messages of one step. */
export interface StepPercentiles {
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
}

const SHARES = [0.5, 0.95, 0.99] as const;
const COLUMNS = SHARES.length;

/**
 * What percentiles were, step after step, for the last `slots` steps: buckets of a histogram, in two bytes each. It takes memory
 * once there is something to keep.
 *
 *     step 0    p50 p95 p99      a bucket + 1, or 0 where nothing was measured
 *     step 1    p50 p95 p99
 */
export class PercentileRing {
  readonly #slots: number;
  #cells: Uint16Array | undefined;
  /** The newest one that was kept. */
  #lastStep = -1;

  constructor(slots: number) {
    this.#slots = slots;
  }

  /** Keeps what `histogram` says about a step, which is newer than all before. */
  keep(step: number, histogram: DelayHistogram): void {
    if (histogram.count === 0) return;
    this.#cells ??= new Uint16Array(this.#slots * COLUMNS);
    const oldest = Math.max(this.#lastStep + 1, step - this.#slots + 1);
    for (let empty = oldest; empty < step; empty++)
      this.#cells.fill(0, this.#at(empty), this.#at(empty) + COLUMNS);
    for (let column = 0; column < COLUMNS; column++)
      this.#cells[this.#at(step) + column] = histogram.bucketAt(SHARES[column] as number) + 1;
    this.#lastStep = step;
  }

  /** Undefined when nothing was measured then, or when it is too long ago. */
  stepAt(step: number): StepPercentiles | undefined {
    const cells = this.#cells;
    if (cells === undefined || step > this.#lastStep || step <= this.#lastStep - this.#slots)
      return undefined;
    const at = this.#at(step);
    if (cells[at] === 0) return undefined;
    const msOf = (column: number): number => middleOf((cells[at + column] as number) - 1);
    return { p50Ms: msOf(0), p95Ms: msOf(1), p99Ms: msOf(2) };
  }

  get memoryBytes(): number {
    return this.#cells?.byteLength ?? 0;
  }

  #at(step: number): number {
    return (step % this.#slots) * COLUMNS;
  }
}
