/**
 * Keeps a stream of pages in a replicated log, one entry at a time. What arrives while an entry is on its way goes into the next
 * one, all of it that fits:
 *
 *      append -> waiting blocks                                          onDurable
 *                     |                                                     ^
 *         idle --> an entry --> EntryAppender --> it is there --> the lease holds --> its blocks are durable --> idle: 1 s later,
 *                     ^               |                                  |                                       a trim entry
 *                     |               |-- full: a trim entry, wait       |
 *                     +---------------+                                  |
 *                                     `-- lost --> onFailure <-----------+   nothing is durable any more
 *
 * A batch that is larger than an entry goes in parts, and is durable with the last of them.
 *
 * A page is read from a copy in a local file, which is made when memory is short, and by a replay. The stream itself is read only
 * by a replay.
 */

import type { PageFiles } from '../file/page-files.ts';
import { StorageError, textOf } from '../file/storage-error.ts';
import type { StorageEvents } from '../file/storage-events.ts';
import type { StorageTimer } from '../file/storage-timer.ts';
import type { LogEngine, ReplayReceiver } from '../log-engine.ts';
import type { LogPage } from '../log-page.ts';
import {
  BLOCK_HEADER_BYTES,
  ENTRY_HEADER_BYTES,
  type EntryHeader,
  type EntryKind,
  nextBlockOf,
  writeBlockHeader,
  writeEntryHeader,
} from './entry.ts';
import type { EntryAppender } from './entry-appender.ts';
import { type PagePlace, PagePlaces } from './page-places.ts';
import { replayStream } from './replay-stream.ts';
import type { ReplicatedLog } from './replicated-log.ts';
import { ownershipLost } from './stream-errors.ts';
import { StreamTrim } from './stream-trim.ts';
import { BlockBatch, WaitingBlocks } from './waiting-blocks.ts';

const IDLE_MS = 1000;
/** The size of a batch has 32 bits. */
const BATCH_BYTES_MAX = 2 ** 32 - 1;
const BUFFER_BYTES_FIRST = 64 * 1024;

export interface JetStreamEngineOptions {
  readonly log: ReplicatedLog;
  /** The entry of this node that a replay goes up to. */
  readonly fence: EntryHeader;
  readonly appender: EntryAppender;
  /** Where pages are read from. */
  readonly copies: PageFiles;
  readonly events: StorageEvents;
  readonly timer: StorageTimer;
  /** Asked before anything is called durable. */
  holdsLease(): boolean;
}

/** An entry that is not put together yet, because its place is not known: `[from, to)` of the bytes of `batch`. */
interface Draft {
  readonly kind: EntryKind;
  readonly batch: BlockBatch;
  readonly from: number;
  readonly to: number;
  readonly blockCount: number;
  readonly part: number;
  readonly partCount: number;
}

const TRIM: Draft = {
  kind: 'trim',
  batch: new BlockBatch([], 0),
  from: 0,
  to: 0,
  blockCount: 0,
  part: 0,
  partCount: 1,
};

export class JetStreamEngine implements LogEngine {
  readonly survives = true;
  readonly blockHeaderBytes: number = BLOCK_HEADER_BYTES;
  onDurable: () => void = () => {};
  readonly #options: JetStreamEngineOptions;
  readonly #log: ReplicatedLog;
  readonly #waiting = new WaitingBlocks();
  readonly #places = new PagePlaces();
  readonly #trim: StreamTrim;
  readonly #payloadBytesMax: number;
  /** Entries are put together here. */
  #buffer = new Uint8Array(BUFFER_BYTES_FIRST);
  #isReplayed = false;
  #lastBlock = 0;
  #durableBlock = 0;
  /** Of the newest entry. */
  #lastSequence: number;
  /** What the newest entry says: a replay would begin there. */
  #announced: PagePlace;
  /** Where the batch begins that is appended in parts; 0: none is. */
  #openBatch = 0;
  #trimIsDue = false;
  #cancelTrim: (() => void) | undefined;
  #isRunning = false;
  #whenIdle: (() => void)[] = [];
  #isAbandoned = false;
  #failure: StorageError | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: JetStreamEngineOptions) {
    this.#options = options;
    this.#log = options.log;
    this.#payloadBytesMax = options.log.entryBytesMax - ENTRY_HEADER_BYTES;
    this.#trim = new StreamTrim(options.log, options.events, options.timer);
    const { sequence, oldest } = options.fence;
    this.#lastSequence = sequence;
    this.#announced = { sequence: oldest, firstBlock: 0 };
    options.copies.onDone = () => this.#tell();
  }

  get lastBlock(): number {
    return this.#lastBlock;
  }

  get durableBlock(): number {
    return this.#durableBlock;
  }

  /** A replay begins at the entry that was announced, whatever it still needs of that. */
  get oldestBlock(): number {
    return this.#announced.firstBlock;
  }

  get storedBytes(): number {
    return this.#trim.storedBytes;
  }

  async replay(receiver: ReplayReceiver): Promise<void> {
    const { fence } = this.#options;
    const { firstBlock, state } = await replayStream(this.#options, receiver, this.#places);
    this.#announced = { sequence: fence.oldest, firstBlock };
    this.#lastBlock = nextBlockOf(fence) - 1;
    this.#durableBlock = this.#lastBlock;
    this.#isReplayed = true;
    this.#trim.begin(state);
    this.#trim.upTo(fence.oldest);
    this.#planTrim();
  }

  append(page: LogPage, start: number, end: number, more: boolean): number {
    if (!this.#isReplayed || this.#closing !== undefined) {
      throw new Error('jetstream engine: append before replay or after close');
    }
    writeBlockHeader(page.view, start, end, more);
    const block = ++this.#lastBlock;
    if (this.#hasEnded) return block;
    this.#waiting.push(page, start, end, more);
    if (!more) this.#run();
    return block;
  }

  canLoad(page: LogPage): boolean {
    return page.lastBlock <= this.#durableBlock && this.#options.copies.has(page);
  }

  makeLoadable(page: LogPage): boolean {
    const { copies } = this.#options;
    if (page.lastBlock === 0 || page.lastBlock > this.#durableBlock || copies.has(page)) return false;
    if (!copies.isWaiting(page)) copies.add(page);
    return true;
  }

  async load(page: LogPage, into: Uint8Array): Promise<void> {
    await this.#options.copies.load(page, into);
  }

  loadNow(page: LogPage, into: Uint8Array): void {
    this.#options.copies.loadNow(page, into);
  }

  drop(page: LogPage): void {
    if (page.lastBlock > this.#durableBlock) {
      throw new Error(
        `jetstream engine: page ${page.number} is dropped, and block ${page.lastBlock} of it is not durable`,
      );
    }
    this.#places.drop(page);
    this.#options.copies.drop(page);
    this.#planTrim();
  }

  /** The log belongs to another node, or will at once: nothing is appended or called durable any more, and `close` waits for nothing. */
  abandon(): void {
    if (this.#isAbandoned) return;
    this.#isAbandoned = true;
    this.#waiting.clear();
    this.#options.appender.stop();
    this.#trim.stop();
    this.#cancelTrim?.();
    this.#becomeIdle();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  // ---- the loop ----

  get #hasEnded(): boolean {
    return this.#isAbandoned || this.#failure !== undefined;
  }

  /** Starts the loop unless it runs. */
  #run(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#loop().catch(throwUncaught);
  }

  async #loop(): Promise<void> {
    try {
      while (!this.#hasEnded && (this.#waiting.hasGroup || this.#trimIsDue)) await this.#round();
    } catch (error) {
      this.#fail(error);
    } finally {
      // In the same step as the last look for work: an append from here on starts the loop again.
      this.#isRunning = false;
      this.#becomeIdle();
    }
  }

  async #round(): Promise<void> {
    this.#trimIsDue = false;
    if (this.#waiting.hasGroup) await this.#appendBatch(this.#waiting.next(this.#payloadBytesMax));
    else if (this.#needsTrim()) await this.#appendEntry(TRIM);
  }

  async #appendBatch(batch: BlockBatch): Promise<void> {
    if (batch.bytes > BATCH_BYTES_MAX) {
      throw new Error(`a group of ${batch.bytes} bytes, and ${BATCH_BYTES_MAX} are allowed`);
    }
    const partCount = Math.ceil(batch.bytes / this.#payloadBytesMax);
    let place: PagePlace | undefined;
    for (let part = 0; part < partCount; part++) {
      const sequence = await this.#appendEntry(this.#draft(batch, part, partCount));
      if (sequence === undefined) return;
      place ??= { sequence, firstBlock: this.#durableBlock + 1 };
      this.#openBatch = place.sequence;
    }
    this.#openBatch = 0;
    this.#becameDurable(batch, place as PagePlace);
  }

  #draft(batch: BlockBatch, part: number, partCount: number): Draft {
    const from = part * this.#payloadBytesMax;
    const isLast = part === partCount - 1;
    return {
      kind: partCount === 1 ? 'blocks' : 'part',
      batch,
      from,
      to: isLast ? batch.bytes : from + this.#payloadBytesMax,
      blockCount: isLast ? batch.blocks.length : 0,
      part,
      partCount,
    };
  }

  #becameDurable(batch: BlockBatch, place: PagePlace): void {
    for (const { page } of batch.blocks) this.#places.add(page, place);
    this.#waiting.remove(batch);
    this.#durableBlock += batch.blocks.length;
    this.#tell();
  }

  /** Appends an entry; where it is then. Undefined: nothing was appended, and nothing is to be done about that. */
  async #appendEntry(draft: Draft): Promise<number | undefined> {
    const { appender } = this.#options;
    for (;;) {
      const sequence = this.#lastSequence + 1;
      const oldest = this.#oldestNeeded(sequence);
      const entry = this.#encode(draft, sequence, oldest.sequence);
      const fate = await appender.append(sequence, entry);
      if (this.#isAbandoned) return undefined;
      if (fate.kind === 'lost') throw fate.error;
      if (fate.kind === 'appended') {
        this.#appended(sequence, oldest, entry.length);
        if (draft !== TRIM) appender.hasRoom();
        return sequence;
      }
      if (draft === TRIM) return undefined;
      await this.#makeRoom();
      if (this.#isAbandoned) return undefined;
    }
  }

  /** The newest entry is there. */
  #appended(sequence: number, oldest: PagePlace, entryBytes: number): void {
    if (!this.#options.holdsLease()) throw ownershipLost(this.#log.name, 'its lease is over');
    this.#lastSequence = sequence;
    this.#announced = oldest;
    this.#trim.added(entryBytes);
    this.#trim.upTo(oldest.sequence);
  }

  /** The stream is full, but may have room for a small entry, which says what may go. */
  async #makeRoom(): Promise<void> {
    if (this.#needsTrim()) await this.#appendEntry(TRIM);
    if (this.#closing !== undefined) {
      throw new StorageError(
        'DISK_FAILED',
        `${this.#log.name} is full, and the broker stops: what was not confirmed is not kept`,
      );
    }
    await this.#options.appender.waitForRoom();
  }

  #encode(draft: Draft, sequence: number, oldest: number): Uint8Array {
    const { kind, batch, from, to, blockCount, part, partCount } = draft;
    const entry = this.#room(ENTRY_HEADER_BYTES + to - from);
    batch.copy(from, to, entry, ENTRY_HEADER_BYTES);
    const { stream, identity, epoch, writer } = this.#options.fence;
    const firstBlock = this.#durableBlock + 1;
    writeEntryHeader(entry, {
      ...{ kind, stream, identity, sequence, epoch, writer, oldest, firstBlock },
      ...{ blockCount, part, partCount, batchBytes: batch.bytes },
    });
    return entry;
  }

  #room(bytes: number): Uint8Array {
    if (bytes > this.#buffer.length) {
      const size = Math.min(Math.max(bytes, 2 * this.#buffer.length), this.#log.entryBytesMax);
      this.#buffer = new Uint8Array(size);
    }
    return this.#buffer.subarray(0, bytes);
  }

  // ---- what is not needed any more ----

  /** Where a replay has to begin, as far as is known when entry `sequence` is made. */
  #oldestNeeded(sequence: number): PagePlace {
    const { oldest } = this.#places;
    if (oldest !== undefined) return oldest;
    const isOpen = this.#openBatch > 0;
    return { sequence: isOpen ? this.#openBatch : sequence, firstBlock: this.#durableBlock + 1 };
  }

  /** Whether entries are superfluous and the stream does not say so yet. */
  #needsTrim(): boolean {
    const { sequence, firstBlock } = this.#announced;
    // The newest entry stays. One that holds blocks can only go when there is one behind it.
    const newest = firstBlock > this.#durableBlock ? this.#lastSequence : this.#lastSequence + 1;
    return this.#oldestNeeded(newest).sequence > sequence;
  }

  /** An entry that says nothing else is only appended when nothing was for a while. */
  #planTrim(): void {
    const isPlanned = this.#cancelTrim !== undefined || this.#isRunning;
    if (isPlanned || this.#hasEnded || this.#closing !== undefined || !this.#needsTrim()) return;
    const before = this.#lastSequence;
    this.#cancelTrim = this.#options.timer.after(IDLE_MS, () => {
      this.#cancelTrim = undefined;
      if (this.#isRunning || this.#lastSequence !== before) {
        this.#planTrim();
      } else if (this.#needsTrim()) {
        this.#trimIsDue = true;
        this.#run();
      }
    });
  }

  // ---- the end ----

  #fail(error: unknown): void {
    if (this.#hasEnded) return;
    this.#failure =
      error instanceof StorageError
        ? error
        : new StorageError('DISK_FAILED', `${this.#log.name} failed: ${textOf(error)}`, error);
    this.#waiting.clear();
    this.#trim.stop();
    this.#options.events.onFailure(this.#failure);
  }

  async #close(): Promise<void> {
    this.#cancelTrim?.();
    this.#cancelTrim = undefined;
    if (!this.#hasEnded) await this.#idle();
    this.#trim.stop();
    await this.#options.copies.close();
    if (this.#failure !== undefined && !this.#isAbandoned) throw this.#failure;
  }

  #idle(): Promise<void> {
    if (!this.#isRunning) return Promise.resolve();
    return new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  #becomeIdle(): void {
    this.#planTrim();
    const waiting = this.#whenIdle;
    this.#whenIdle = [];
    for (const resume of waiting) resume();
  }

  #tell(): void {
    if (this.#hasEnded) return;
    try {
      this.onDurable();
    } catch (error) {
      // Not the log's fault: it must not look as if an entry had been lost.
      throwUncaught(error);
    }
  }
}

/** A defect of whoever was called back. */
function throwUncaught(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
