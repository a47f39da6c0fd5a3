import type { LogPage } from '../log-page.ts';

/** A block that is not durable yet: `page.bytes[start, end)`. */
interface WaitingBlock {
  readonly page: LogPage;
  readonly start: number;
  readonly end: number;
  /** Its group goes on in the next block. */
  readonly more: boolean;
}

/** Whole groups that are appended together. */
export class BlockBatch {
  readonly blocks: readonly WaitingBlock[];
  readonly bytes: number;

  constructor(blocks: readonly WaitingBlock[], bytes: number) {
    this.blocks = blocks;
    this.bytes = bytes;
  }

  /** Copies the bytes `[from, to)` of the batch to `into[at...]`. Neighbours in a page go as one. */
  copy(from: number, to: number, into: Uint8Array, at: number): void {
    const { blocks } = this;
    let offset = 0;
    for (let index = 0; index < blocks.length && offset < to; ) {
      const { page, start } = blocks[index] as WaitingBlock;
      let end = start;
      for (; blocks[index]?.page === page && blocks[index]?.start === end; index++) {
        end = (blocks[index] as WaitingBlock).end;
      }
      const next = offset + end - start;
      if (next > from) {
        const [first, last] = [Math.max(from, offset), Math.min(to, next)];
        const bytes = page.bytes.subarray(start + first - offset, start + last - offset);
        into.set(bytes, at + first - from);
      }
      offset = next;
    }
  }
}

/** The blocks that are not durable, oldest first. The last ones may belong to a group that is not complete. */
export class WaitingBlocks {
  /** Those before `#head` are gone. */
  #blocks: WaitingBlock[] = [];
  #head = 0;
  /** Those before it are of complete groups. */
  #completeEnd = 0;

  get hasGroup(): boolean {
    return this.#head < this.#completeEnd;
  }

  /** Runs per block. */
  push(page: LogPage, start: number, end: number, more: boolean): void {
    this.#blocks.push({ page, start, end, more });
    if (!more) this.#completeEnd = this.#blocks.length;
  }

  /** The oldest groups, as many as fit into `bytesMax`, and at least one. They stay here until they are removed. */
  next(bytesMax: number): BlockBatch {
    let [batchEnd, bytes] = [this.#head, 0];
    for (let index = this.#head, sum = 0; index < this.#completeEnd; index++) {
      const { start, end, more } = this.#blocks[index] as WaitingBlock;
      sum += end - start;
      if (sum > bytesMax && batchEnd > this.#head) break;
      if (more) continue;
      [batchEnd, bytes] = [index + 1, sum];
      if (sum > bytesMax) break;
    }
    return new BlockBatch(this.#blocks.slice(this.#head, batchEnd), bytes);
  }

  remove(batch: BlockBatch): void {
    this.#head += batch.blocks.length;
    if (this.#head < this.#blocks.length / 2) return;
    this.#blocks = this.#blocks.slice(this.#head);
    this.#completeEnd -= this.#head;
    this.#head = 0;
  }

  clear(): void {
    this.#blocks = [];
    this.#head = 0;
    this.#completeEnd = 0;
  }
}
