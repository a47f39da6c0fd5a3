/**
 * Keeps a stream of pages in segment files. `append` only remembers the blocks; a loop takes all that are there, writes them
 * with one call and syncs them with another, and what arrives meanwhile waits for the next round.
 *
 *      append -> pending blocks                                        onDurable
 *                     |                                                    ^
 *          idle --> write a batch --> sync --> its blocks are durable -----+--> idle: 50 ms later, a seal
 *                     |                 |
 *                     +-- it failed ----+
 *                     v
 *                no room: wait for some --> new segment, write everything pending there
 *                otherwise: ----------------^   and if that fails, too: onFailure, and nothing is durable any more
 *
 * A file that a write or a sync failed on is never written to again: the kernel may have dropped what it could not write,
 * and would say that all is well when asked a second time.
 *
 * A group lies in one segment and in one batch. So whatever is durable ends at the end of a group.
 */

import type { LogEngine, ReplayReceiver } from '../log-engine.ts';
import type { LogPage } from '../log-page.ts';
import {
  BLOCK_HEADER_BYTES,
  type BlockContext,
  makeSeal,
  reserveBlockHeader,
  writeBlockHeader,
} from './block.ts';
import type { Disk } from './disk.ts';
import { openLog } from './open-log.ts';
import { loadPage, loadPageNow, type PageSource } from './page-reader.ts';
import { type PendingBlock, PendingBlocks } from './pending-blocks.ts';
import type { Segment } from './segment.ts';
import type { FileStream } from './segment-header.ts';
import type { SegmentSet } from './segment-set.ts';
import { diskFailed, isFull, StorageError, textOf } from './storage-error.ts';
import type { StorageEvents } from './storage-events.ts';
import { nodeTimer, type StorageTimer } from './storage-timer.ts';

const SEGMENT_BYTES_MAX = 32 * 2 ** 20;
const SEAL_DELAY_MS = 50;
/** While the disk is full: how often to look whether there is room again. */
const ROOM_POLL_MS = 500;
/** ... and at most, when there seems to be room but writing fails again and again: each time costs a file. */
const ROOM_POLL_MS_MAX = 10_000;
/** Room that is wanted on a full disk beside what is pending: headers, and what a file system needs for itself. */
const SPARE_ROOM_BYTES = 64 * 1024;

export interface FileEngineOptions {
  /** A random number from 0 to 2^32 - 1 that names the log, should it not exist yet. */
  readonly identity: number;
  readonly events: StorageEvents;
  readonly timer?: StorageTimer;
  /** A segment that is as large as this is followed by a new one. */
  readonly segmentBytesMax?: number;
}

export class FileEngine implements LogEngine {
  readonly survives = true;
  readonly blockHeaderBytes: number = BLOCK_HEADER_BYTES;
  onDurable: () => void = () => {};
  readonly #disk: Disk;
  readonly #stream: FileStream;
  readonly #options: FileEngineOptions;
  readonly #timer: StorageTimer;
  readonly #segmentBytesMax: number;
  readonly #pending = new PendingBlocks();
  /** Set by `replay`. */
  #opened: SegmentSet | undefined;
  #identity = 0;
  #incarnation = 0;
  #lastBlock = 0;
  #durableBlock = 0;
  /** What a seal or a header that is durable says: everything up to this block was durable, ... */
  #sealedBlock = 0;
  /** ... and the segments before this one are superfluous. */
  #sealedOldest = 0;
  #sealIsDue = false;
  #cancelSeal: (() => void) | undefined;
  /** Batches and seals written: to see whether anything happened since the timer was set. */
  #writeCount = 0;
  #isRunning = false;
  #whenIdle: (() => void)[] = [];
  /** Failures since something was durable last; a full disk does not count. */
  #failureCount = 0;
  #isFull = false;
  /** How often the disk was full since something was durable last. */
  #fullCount = 0;
  #endWait: (() => void) | undefined;
  /** A superfluous file could not be removed, and that was said. */
  #removalFailed = false;
  #failure: StorageError | undefined;
  #closing: Promise<void> | undefined;

  constructor(disk: Disk, stream: FileStream, options: FileEngineOptions) {
    this.#disk = disk;
    this.#stream = stream;
    this.#options = options;
    this.#timer = options.timer ?? nodeTimer;
    this.#segmentBytesMax = options.segmentBytesMax ?? SEGMENT_BYTES_MAX;
  }

  get lastBlock(): number {
    return this.#lastBlock;
  }

  get durableBlock(): number {
    return this.#durableBlock;
  }

  get oldestBlock(): number {
    return this.#opened?.oldestBlock ?? this.#durableBlock + 1;
  }

  get storedBytes(): number {
    return this.#opened?.storedBytes ?? 0;
  }

  async replay(receiver: ReplayReceiver): Promise<void> {
    const log = await openLog(this.#disk, this.#stream, this.#options, receiver);
    this.#opened = log.segments;
    this.#identity = log.identity;
    this.#incarnation = log.incarnation;
    this.#lastBlock = log.lastBlock;
    this.#durableBlock = log.lastBlock;
    this.#sealedBlock = log.lastBlock;
    this.#sealedOldest = log.segments.oldest.number;
  }

  append(page: LogPage, start: number, end: number, more: boolean): number {
    if (this.#opened === undefined || this.#closing !== undefined) {
      throw new Error('file engine: append before replay or after close');
    }
    reserveBlockHeader(page.view, start);
    const block = ++this.#lastBlock;
    if (this.#failure !== undefined) return block;
    this.#pending.push({ page, start, end, more });
    if (!more) this.#run();
    return block;
  }

  canLoad(page: LogPage): boolean {
    return page.lastBlock > 0 && page.lastBlock <= this.#durableBlock;
  }

  /** What is durable can be. */
  makeLoadable(): boolean {
    return false;
  }

  async load(page: LogPage, into: Uint8Array): Promise<void> {
    await loadPage(page, into, this.#pageSource());
  }

  loadNow(page: LogPage, into: Uint8Array): void {
    loadPageNow(page, into, this.#pageSource());
  }

  drop(page: LogPage): void {
    if (page.lastBlock > this.#durableBlock) {
      throw new Error(
        `file engine: page ${page.number} is dropped, and block ${page.lastBlock} of it is not durable`,
      );
    }
    for (const { segment } of page.extents) this.#leaveSegment(segment);
    page.extents = [];
    this.#planSeal();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  // ---- the loop ----

  /** Starts the loop unless it runs. */
  #run(): void {
    if (this.#isRunning || this.#opened === undefined) return;
    this.#isRunning = true;
    this.#loop(this.#opened).catch(throwUncaught);
  }

  async #loop(segments: SegmentSet): Promise<void> {
    try {
      while (this.#failure === undefined && this.#hasWork()) await this.#round(segments);
    } catch (error) {
      this.#fail(error);
    } finally {
      // In the same step as the last look for work: an append from here on starts the loop again.
      this.#isRunning = false;
      this.#becomeIdle();
    }
  }

  /** Writes one batch, or one seal; or, when that fails, prepares to write it elsewhere. */
  async #round(segments: SegmentSet): Promise<void> {
    try {
      if (this.#pending.completeCount > 0) await this.#writeBatch(segments);
      else await this.#writeSeal(segments);
    } catch (error) {
      await this.#goOnInNewSegment(segments, error);
      return;
    }
    this.#failureCount = 0;
    this.#fullCount = 0;
    if (this.#pending.completeCount === 0) this.#setFull(false);
  }

  #hasWork(): boolean {
    return this.#pending.completeCount > 0 || this.#sealIsDue;
  }

  async #writeBatch(segments: SegmentSet): Promise<void> {
    if (segments.tail.end >= this.#segmentBytesMax) await this.#roll(segments);
    const { tail } = segments;
    const batch = this.#pending.nextBatch(this.#segmentBytesMax - tail.end);
    const context = this.#context(segments, this.#durableBlock + 1);
    const buffers = this.#fillHeaders(batch, tail, context);
    await tail.file.write(buffers, tail.end);
    await tail.file.sync();
    this.#placeBlocks(batch, tail);
    this.#pending.remove(batch.length);
    // What its headers say was true before it was written.
    this.#becameDurable(segments, this.#durableBlock, context);
    this.#durableBlock += batch.length;
    if (tail.end >= this.#segmentBytesMax / 2) segments.makeAhead();
    this.#tellDurable();
  }

  /** Says on the disk that everything is durable, and what is superfluous. */
  async #writeSeal(segments: SegmentSet): Promise<void> {
    this.#sealIsDue = false;
    const { tail } = segments;
    const context = this.#context(segments, this.#durableBlock + 1);
    await tail.file.write([makeSeal(tail.end, context, false)], tail.end);
    await tail.file.sync();
    tail.end += BLOCK_HEADER_BYTES;
    this.#becameSealed(segments, context);
  }

  /** Goes on in the next segment. The old one says that it is complete, so that a missing successor is found missing. */
  async #roll(segments: SegmentSet): Promise<void> {
    await segments.whenAheadIsMade();
    const { tail } = segments;
    const context = this.#context(segments, this.#durableBlock + 1);
    await tail.file.write([makeSeal(tail.end, context, true)], tail.end);
    await tail.file.sync();
    tail.end += BLOCK_HEADER_BYTES;
    this.#becameSealed(segments, context);
    await segments.advance();
  }

  /** What blocks say that are written now, the first of them with the number `block`. */
  #context(segments: SegmentSet, block: number): BlockContext {
    return {
      identity: this.#identity,
      segment: segments.tail.number,
      durableUpTo: this.#durableBlock,
      incarnation: this.#incarnation,
      oldestSegment: segments.oldestCounting(block),
    };
  }

  /** Returns the bytes of the batch, neighbours in a page as one. */
  #fillHeaders(batch: readonly PendingBlock[], tail: Segment, context: BlockContext): Uint8Array[] {
    const buffers: Uint8Array[] = [];
    let sequence = context.durableUpTo;
    let fileOffset = tail.end;
    let runStart = 0;
    for (const [index, { page, start, end, more }] of batch.entries()) {
      const place = { fileOffset, sequence: ++sequence, more, isContinued: batch[index - 1]?.more ?? false };
      writeBlockHeader(page.bytes, page.view, start, end, place, context);
      fileOffset += end - start;
      const next = batch[index + 1];
      if (next?.page === page && next.start === end) continue;
      buffers.push(page.bytes.subarray((batch[runStart] as PendingBlock).start, end));
      runStart = index + 1;
    }
    return buffers;
  }

  /** The blocks of `batch` are in `tail` now, durable. */
  #placeBlocks(batch: readonly PendingBlock[], tail: Segment): void {
    let block = this.#durableBlock;
    for (const { page, start, end } of batch) {
      block++;
      if (tail.firstBlock === 0) tail.firstBlock = block;
      placeBlock(page, start, end - start, tail);
      tail.end += end - start;
    }
  }

  /** A header or a seal with `context` is durable. */
  #becameDurable(segments: SegmentSet, sealedBlock: number, context: BlockContext): void {
    this.#writeCount++;
    this.#sealedBlock = sealedBlock;
    this.#sealedOldest = context.oldestSegment;
    if (!this.#removalFailed) this.#removeSuperfluous(segments);
  }

  /** A seal with `context` is durable. Seals are rare: with them, a removal that failed is tried again. */
  #becameSealed(segments: SegmentSet, context: BlockContext): void {
    this.#becameDurable(segments, context.durableUpTo, context);
    if (this.#removalFailed) this.#removeSuperfluous(segments);
  }

  #removeSuperfluous(segments: SegmentSet): void {
    if (segments.oldest.number >= this.#sealedOldest) return;
    segments.removeBefore(this.#sealedOldest).then(
      () => {
        this.#removalFailed = false;
      },
      (error: unknown) => this.#keepSuperfluous(error),
    );
  }

  /** Files that cannot be removed cost room and nothing else. */
  #keepSuperfluous(error: unknown): void {
    if (this.#removalFailed) return;
    this.#removalFailed = true;
    const text = `storage: a file of ${this.#disk.path} that is not needed any more cannot be removed: ${textOf(error)}`;
    this.#options.events.onEvent({ level: 'warn', text });
  }

  #tellDurable(): void {
    try {
      this.onDurable();
    } catch (error) {
      // Not the disk's fault: it must not look as if a write had failed.
      throwUncaught(error);
    }
  }

  #leaveSegment(number: number): void {
    const segment = this.#segments().segment(number);
    segment.pageCount--;
    segment.emptiedAt = this.#lastBlock;
  }

  // ---- seals ----

  #needsSeal(): boolean {
    const segments = this.#opened;
    if (segments === undefined || this.#failure !== undefined) return false;
    if (this.#sealedBlock < this.#durableBlock) return true;
    return this.#hasSuperfluous(segments);
  }

  /** Whether segments are superfluous and the disk does not say so yet. */
  #hasSuperfluous(segments: SegmentSet): boolean {
    return this.#sealedOldest < segments.oldestCounting(this.#durableBlock + 1);
  }

  /** A seal is written when nothing was for a while; not after each batch, because it costs a sync of its own. */
  #planSeal(): void {
    if (
      this.#cancelSeal !== undefined ||
      this.#isRunning ||
      this.#closing !== undefined ||
      !this.#needsSeal()
    )
      return;
    const before = this.#writeCount;
    this.#cancelSeal = this.#timer.after(SEAL_DELAY_MS, () => {
      this.#cancelSeal = undefined;
      if (this.#isRunning || this.#writeCount !== before) {
        this.#planSeal();
      } else if (this.#needsSeal()) {
        this.#sealIsDue = true;
        this.#run();
      }
    });
  }

  #becomeIdle(): void {
    this.#planSeal();
    const waiting = this.#whenIdle;
    this.#whenIdle = [];
    for (const resume of waiting) resume();
  }

  // ---- when the disk fails ----

  /** Everything that is not durable is to be written again, to another file. Throws when that is of no use. */
  async #goOnInNewSegment(segments: SegmentSet, error: unknown): Promise<void> {
    for (let cause = error; ; ) {
      if (isFull(cause)) await this.#waitForRoom(segments);
      else this.#countFailure(cause);
      try {
        await segments.advance();
        // Says what is superfluous by now: on a full disk this may be all the room that there is to gain.
        await this.#writeSeal(segments);
        if (this.#pending.completeCount === 0) this.#failureCount = 0;
        return;
      } catch (another) {
        cause = another;
      }
    }
  }

  #countFailure(error: unknown): void {
    this.#failureCount++;
    if (this.#failureCount > 1) throw error;
    const text = `storage: writing to ${this.#disk.path} failed (${textOf(error)}): going on in a new file`;
    this.#options.events.onEvent({ level: 'warn', text });
  }

  #setFull(on: boolean): void {
    if (this.#isFull === on) return;
    this.#isFull = on;
    this.#options.events.onFull(on);
  }

  /** Nothing of what was confirmed is touched by a full disk; what was not is kept until there is room. */
  async #waitForRoom(segments: SegmentSet): Promise<void> {
    this.#setFull(true);
    const { file, end } = segments.tail;
    await file.truncate(end).catch(() => {
      // What did not fit takes room itself, and that is all: it counts for nothing, cut off or not.
    });
    // Room that superfluous segments take comes at the price of one small block: try that first.
    if (this.#fullCount++ === 0 && this.#hasSuperfluous(segments)) return;
    for (
      let free = 0;
      free < this.#pending.nextBytes + SPARE_ROOM_BYTES;
      free = await this.#disk.freeBytes()
    ) {
      await this.#wait(Math.min(ROOM_POLL_MS * this.#fullCount, ROOM_POLL_MS_MAX));
      if (this.#closing !== undefined) throw new Error('the disk is full, and the broker stops');
    }
  }

  #wait(ms: number): Promise<void> {
    if (this.#closing !== undefined) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#timer.after(ms, () => {
        this.#endWait = undefined;
        resolve();
      });
      this.#endWait = () => {
        cancel();
        resolve();
      };
    });
  }

  #fail(error: unknown): void {
    if (this.#failure !== undefined) return;
    const what = `nothing of ${this.#stream} is durable from block ${this.#durableBlock + 1} on`;
    this.#failure = error instanceof StorageError ? error : diskFailed(this.#disk.path, what, error);
    this.#pending.clear();
    this.#options.events.onFailure(this.#failure);
  }

  // ---- the end ----

  async #close(): Promise<void> {
    this.#cancelSeal?.();
    this.#cancelSeal = undefined;
    this.#endWait?.();
    const segments = this.#opened;
    if (segments === undefined) return;
    await this.#idle();
    if (this.#needsSeal()) {
      this.#sealIsDue = true;
      this.#run();
      await this.#idle();
    }
    await segments.close();
    if (this.#failure !== undefined) throw this.#failure;
  }

  #idle(): Promise<void> {
    if (!this.#isRunning) return Promise.resolve();
    return new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  #segments(): SegmentSet {
    if (this.#opened === undefined) throw new Error('file engine: used before replay');
    return this.#opened;
  }

  #pageSource(): PageSource {
    const segments = this.#segments();
    return { segments, identity: this.#identity, path: this.#disk.path, stream: this.#stream };
  }
}

/** `bytes` bytes at `start` of `page` lie at the end of `segment`. What is between two blocks of a page in a file is seals. */
function placeBlock(page: LogPage, start: number, bytes: number, segment: Segment): void {
  const last = page.extents.at(-1);
  if (last !== undefined && last.segment === segment.number) {
    last.bytes = segment.end + bytes - last.fileOffset;
    return;
  }
  page.extents.push({ segment: segment.number, fileOffset: segment.end, pageOffset: start, bytes });
  segment.pageCount++;
}

/** A defect of whoever was called back. */
function throwUncaught(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
