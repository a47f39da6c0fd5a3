/**
 * Checks, entry by entry, that what a stream hands out is what was appended to it, and puts batches together:
 *
 *     blocks                  a batch
 *     part 1/3, 2/3, 3/3      a batch; a trim may lie between them
 *     part 1/3, fence         the owner lost the stream before the batch was complete: it counts for nothing
 *
 * From entry to entry the epoch grows only with a fence and never falls, an epoch has one writer, and the numbers of the blocks go on
 * without a gap. Anything else was not written by those who append: then the stream is damaged.
 */

import {
  blockEndAt,
  ENTRY_HEADER_BYTES,
  type EntryHeader,
  isMoreAt,
  nextBlockOf,
  readEntry,
} from './entry.ts';
import { otherEntryVersion, streamDamaged } from './stream-errors.ts';

/** Blocks that count: whole groups. */
export interface ReplayedBatch {
  /** Of its first entry. */
  readonly sequence: number;
  readonly firstBlock: number;
  readonly bytes: Uint8Array;
}

/** A batch in parts, as far as it was read. */
interface OpenBatch {
  readonly first: EntryHeader;
  readonly bytes: Uint8Array;
  partCount: number;
  end: number;
}

export class EntryReplay {
  readonly #name: string;
  /** The end of the replay. */
  readonly #fence: EntryHeader;
  /** The first block of the oldest entry, or the next block when it has none. */
  firstBlock = 0;
  #newest: EntryHeader | undefined;
  #open: OpenBatch | undefined;

  constructor(name: string, fence: EntryHeader) {
    this.#name = name;
    this.#fence = fence;
  }

  /** The number of the entry that comes next. */
  get next(): number {
    return this.#newest === undefined ? this.#fence.oldest : this.#newest.sequence + 1;
  }

  /** Takes entry `sequence`. Returns the batch that is complete with it. */
  take(sequence: number, entry: Uint8Array): ReplayedBatch | undefined {
    if (sequence !== this.next) {
      const missing = sequence > this.next ? `entries ${this.next} to ${sequence - 1} are` : 'the order is';
      throw this.#damaged(sequence, `follows, but ${missing} not as it was written`);
    }
    const header = this.#read(sequence, entry);
    this.#checkFollows(header, this.#newest);
    if (this.#newest === undefined) this.firstBlock = header.firstBlock;
    this.#newest = header;
    const payload = entry.subarray(ENTRY_HEADER_BYTES);
    switch (header.kind) {
      case 'trim':
        return undefined;
      case 'fence':
        this.#open = undefined;
        return undefined;
      case 'blocks':
        return this.#batch(header, payload);
      case 'part':
        return this.#takePart(header, payload);
    }
  }

  #read(sequence: number, entry: Uint8Array): EntryHeader {
    const { stream, identity } = this.#fence;
    const reading = readEntry(entry, { stream, sequence, identity });
    switch (reading.kind) {
      case 'sound':
        return reading.header;
      case 'other-version':
        throw otherEntryVersion(this.#name, sequence, reading.version);
      case 'damaged':
        throw this.#damaged(sequence, reading.what);
    }
  }

  #checkFollows(header: EntryHeader, before: EntryHeader | undefined): void {
    const { sequence, epoch, oldest } = header;
    if (oldest > sequence || oldest < (before?.oldest ?? 0)) {
      throw this.#damaged(sequence, `says that entry ${oldest} is the oldest one that is needed`);
    }
    const isOurs = epoch === this.#fence.epoch && header.writer === this.#fence.writer;
    if (isOurs !== (sequence === this.#fence.sequence)) {
      throw this.#damaged(sequence, `is one of epoch ${epoch}, and the fence of this node is another one`);
    }
    if (before === undefined) return;
    if (header.kind === 'fence' ? epoch <= before.epoch : epoch !== before.epoch) {
      throw this.#damaged(
        sequence,
        `(${header.kind}) is one of epoch ${epoch}, behind one of ${before.epoch}`,
      );
    }
    if (epoch === before.epoch && header.writer !== before.writer) {
      throw this.#damaged(sequence, `was written by another node than the rest of epoch ${epoch}`);
    }
    if (header.firstBlock !== nextBlockOf(before)) {
      throw this.#damaged(
        sequence,
        `begins with block ${header.firstBlock}, behind ${nextBlockOf(before) - 1}`,
      );
    }
  }

  #takePart(header: EntryHeader, payload: Uint8Array): ReplayedBatch | undefined {
    if (header.part === 0 && this.#open === undefined) this.#open = openBatch(header);
    const open = this.#open;
    if (
      open === undefined ||
      header.part !== open.partCount ||
      header.partCount !== open.first.partCount ||
      header.batchBytes !== open.bytes.length ||
      open.end + payload.length > open.bytes.length
    ) {
      throw this.#damaged(
        header.sequence,
        `is part ${header.part + 1} of ${header.partCount} out of its order`,
      );
    }
    open.bytes.set(payload, open.end);
    open.end += payload.length;
    open.partCount++;
    if (open.partCount < header.partCount) return undefined;
    this.#open = undefined;
    return this.#batch({ ...header, sequence: open.first.sequence }, open.bytes);
  }

  #batch(header: EntryHeader, bytes: Uint8Array): ReplayedBatch {
    const { sequence, firstBlock, blockCount } = header;
    if (this.#open !== undefined) {
      throw this.#damaged(sequence, `follows on ${this.#open.partCount} parts of a batch that has more`);
    }
    if (bytes.length !== header.batchBytes || countBlocks(bytes) !== blockCount) {
      throw this.#damaged(
        sequence,
        `does not hold ${blockCount} blocks of ${header.batchBytes} bytes in all`,
      );
    }
    return { sequence, firstBlock, bytes };
  }

  #damaged(sequence: number, what: string): Error {
    return streamDamaged(this.#name, `entry ${sequence} ${what}`);
  }
}

function openBatch(first: EntryHeader): OpenBatch {
  return { first, bytes: new Uint8Array(first.batchBytes), partCount: 0, end: 0 };
}

/** How many blocks `bytes` are; -1: they are no whole groups of whole blocks. */
function countBlocks(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let [count, more] = [0, true];
  for (let at = 0; at < bytes.length; count++) {
    more = isMoreAt(view, at);
    at = blockEndAt(view, at, bytes.length);
    if (at < 0) return -1;
  }
  return more ? -1 : count;
}
