import type { LogPage } from '../log-page.ts';

/** A block that is not durable yet: `page.bytes[start, end)`. */
export interface PendingBlock {
  readonly page: LogPage;
  readonly start: number;
  readonly end: number;
  /** Its group goes on in the next block. */
  readonly more: boolean;
}

/** At most so much goes into one write, unless one group is larger. */
const BATCH_BYTES_MAX = 16 * 2 ** 20;

/** The blocks that are not durable, oldest first. The last ones may belong to a group that is not complete. */
export class PendingBlocks {
  readonly #blocks: PendingBlock[] = [];
  /** Those before it are of complete groups. */
  #completeCount = 0;

  get completeCount(): number {
    return this.#completeCount;
  }

  push(block: PendingBlock): void {
    this.#blocks.push(block);
    if (!block.more) this.#completeCount = this.#blocks.length;
  }

  /**
   * What goes into the next write: complete groups, up to BATCH_BYTES_MAX, or until the segment they are written to, which has
   * `segmentBytesLeft`, is full.
   */
  nextBatch(segmentBytesLeft: number): readonly PendingBlock[] {
    let bytes = 0;
    let count = 0;
    for (let index = 0; index < this.#completeCount; index++) {
      const { start, end, more } = this.#blocks[index] as PendingBlock;
      const isGroupStart = index === count;
      if (isGroupStart && index > 0 && bytes >= Math.min(BATCH_BYTES_MAX, segmentBytesLeft)) break;
      bytes += end - start;
      if (!more) count = index + 1;
    }
    return this.#blocks.slice(0, count);
  }

  /** Bytes of the next batch, wherever it goes. */
  get nextBytes(): number {
    let bytes = 0;
    for (const { start, end } of this.nextBatch(Number.POSITIVE_INFINITY)) bytes += end - start;
    return bytes;
  }

  /** The `count` oldest are durable. */
  remove(count: number): void {
    this.#blocks.splice(0, count);
    this.#completeCount -= count;
  }

  clear(): void {
    this.#blocks.length = 0;
    this.#completeCount = 0;
  }
}
