import { copyBytes } from '../codec/bytes.ts';
import {
  copyMessageRecord,
  RECORD_MESSAGE,
  recordBytesAt,
  recordKindAt,
} from '../core/message/message-record.ts';
import type { RecordOwner } from '../core/message/message-store.ts';
import {
  coldBlockAt,
  heldAt,
  laneAt,
  RECORD_DEFINITION,
  RECORD_NOTE,
  RECORD_REACH,
  RECORD_SETTLED,
  returnsAt,
  seqAt,
} from './fact-records.ts';
import type { LogEngine } from './log-engine.ts';
import type { LogPage, StreamName } from './log-page.ts';
import type { PageStream } from './page-stream.ts';

/** What a page of a short log must hold of dead bytes to be cleaned while the disk is short of space. */
const DEAD_BYTES_WHEN_SHORT = 4 * 2 ** 20;
/** Every start begins a page: many small ones are worth cleaning, however little is dead. */
const PAGES_MANY = 64;
/** The live bytes of a longer stream are counted only now and then: a look at this many pages takes some microseconds. */
const PAGES_COUNTED_EVERY_TURN = 256;
const COUNT_EVERY_TURNS = 64;
/** Pages that are dropped in one turn without a look at them. */
const DROPPED_PER_TURN = 64;
/** What is copied stays in memory until it is durable: no more is copied while this much waits for that. */
const PENDING_BYTES_MAX = 32 * 2 ** 20;

/** The log that is cleaned, as far as the cleaner needs it. */
export interface CleanedLog {
  copiedBytes: number;
  /** Reads a page that is not resident in the background; calls `whenResident` and asks for a turn then. */
  fetchPage(page: LogPage, whenResident: () => void): void;
  /** Takes a page out of memory and out of all look-ups. */
  forget(page: LogPage): void;
  note(laneId: number, seq: number, returnCount: number, heldUntilMs: number): void;
  reach(laneId: number, upTo: number): void;
  /** Records that all definitions so far are void; returns the page that says so. */
  voidDefinitions(): LogPage;
}

/**
 * A page that nobody looks at any more, but which must stay on the disk until the other stream is durable as far as now:
 * messages of main are on their way to cold; and what settles messages of cold, or moves them, is on its way to main.
 */
interface LeavingPage {
  readonly stream: PageStream;
  readonly page: LogPage;
  readonly awaited: LogEngine;
  readonly block: number;
}

/**
 * Gives room back: drops pages that nobody needs, and copies what lives in the oldest page of a stream when more than half
 * of the stream is dead. So what cleaning writes is less than what it frees: a byte of a message is written twice at most,
 * and once more whenever as much as lives has died in the cold stream.
 */
export class Cleaner {
  /** Dead bytes are to go even if that costs much. */
  spaceIsShort = false;
  /** A page is being cleaned: facts that are recorded now are old ones that still hold. */
  isCleaning = false;
  readonly #streams: Readonly<Record<StreamName, PageStream>>;
  readonly #log: CleanedLog;
  readonly #deadBytesAllowed: number;
  /** Pages that were taken out, oldest first. */
  #leaving: LeavingPage[] = [];
  /** Definitions in older pages of main are void. */
  #definitionsFrom = 0;
  /** On its way into memory, to be cleaned. */
  #awaited: LogPage | undefined;
  /** The live bytes of long streams, and how many turns ago that was. */
  readonly #counts = new Map<PageStream, { liveBytes: number; turns: number }>();

  constructor(streams: Readonly<Record<StreamName, PageStream>>, log: CleanedLog, deadBytesAllowed: number) {
    this.#streams = streams;
    this.#log = log;
    this.#deadBytesAllowed = deadBytesAllowed;
  }

  /** Does a bounded piece of work. Returns true when there is more. */
  clean(owner: RecordOwner): boolean {
    const { main, cold, transient } = this.#streams;
    const moreInMain = this.#cleanStream(main, owner);
    const moreInCold = this.#cleanStream(cold, owner);
    const moreInTransient = this.#cleanStream(transient, owner);
    return moreInMain || moreInCold || moreInTransient;
  }

  /** `page` of main says that all definitions before are void. */
  definitionsAreVoidBefore(page: LogPage): void {
    this.#definitionsFrom = page.number;
  }

  /** `page` goes: nothing in it is needed any more. */
  drop(stream: PageStream, page: LogPage): void {
    stream.remove(page);
    this.#log.forget(page);
    if (page.lastBlock > 0) stream.engine.drop(page);
  }

  #cleanStream(stream: PageStream, owner: RecordOwner): boolean {
    const dropped = this.#dropDead(stream);
    const { oldest } = stream;
    if (oldest === undefined || !this.#mayGo(stream, oldest) || !this.#isWorthCleaning(stream)) {
      return dropped === DROPPED_PER_TURN;
    }
    const target = this.#targetOf(stream);
    // Whoever has stored something asks for a turn.
    if (target.pendingBytes() > PENDING_BYTES_MAX || !this.#isInMemory(oldest)) return false;
    this.isCleaning = true;
    this.#cleanPage(stream, oldest, target, owner);
    this.isCleaning = false;
    this.#retire(stream, oldest);
    return true;
  }

  /** Where what lives in a page of `stream` goes. */
  #targetOf(stream: PageStream): PageStream {
    const { main, cold } = this.#streams;
    return stream === main ? cold : stream;
  }

  /** If not, it will be. */
  #isInMemory(page: LogPage): boolean {
    if (page.isResident) return true;
    if (this.#awaited === page) return false;
    this.#awaited = page;
    this.#log.fetchPage(page, () => {
      this.#awaited = undefined;
    });
    return false;
  }

  /** Pages at the oldest end that say nothing any more. Returns how many. */
  #dropDead(stream: PageStream): number {
    let dropped = 0;
    while (dropped < DROPPED_PER_TURN) {
      const { oldest } = stream;
      if (oldest === undefined || !this.#mayGo(stream, oldest)) break;
      if (oldest.liveCount > 0 || oldest.hasFacts) break;
      this.#retire(stream, oldest);
      dropped++;
    }
    return dropped;
  }

  /** The engine needs the bytes of a page until they are durable. */
  #mayGo(stream: PageStream, page: LogPage): boolean {
    return page !== stream.tail && page.lastBlock <= stream.engine.durableBlock;
  }

  #isWorthCleaning(stream: PageStream): boolean {
    const { storedBytes, pageCount } = stream;
    const allowed = this.spaceIsShort ? DEAD_BYTES_WHEN_SHORT : this.#deadBytesAllowed;
    if (storedBytes <= allowed && pageCount <= PAGES_MANY) return false;
    const dead = storedBytes - this.#liveBytes(stream);
    if (this.spaceIsShort) return dead > allowed && dead > storedBytes / 8;
    return dead > storedBytes / 2 && (dead > allowed || pageCount > PAGES_MANY);
  }

  #liveBytes(stream: PageStream): number {
    const count = this.#counts.get(stream) ?? { liveBytes: 0, turns: COUNT_EVERY_TURNS };
    this.#counts.set(stream, count);
    if (stream.pageCount <= PAGES_COUNTED_EVERY_TURN || ++count.turns >= COUNT_EVERY_TURNS) {
      count.liveBytes = stream.liveBytes();
      count.turns = 0;
    }
    return Math.min(count.liveBytes, stream.storedBytes);
  }

  /** Copies what is needed of the oldest page of `stream`: messages to `target`, and what is known beside them to main. */
  #cleanPage(stream: PageStream, page: LogPage, target: PageStream, owner: RecordOwner): void {
    const { main, cold } = this.#streams;
    for (let offset = 0; offset < page.end; offset += recordBytesAt(page, offset)) {
      if (recordKindAt(page, offset) !== RECORD_MESSAGE) this.#copyFact(page, offset, stream, owner);
      else if (page.liveCount > 0) this.#copyMessage(page, offset, target, owner);
    }
    if (page.liveCount > 0)
      throw new Error(
        `message log: ${page.liveCount} live messages of page ${page.number} belong to no queue`,
      );
    main.seal();
    cold.seal();
  }

  #copyMessage(page: LogPage, offset: number, target: PageStream, owner: RecordOwner): void {
    const to = target.makeRoom(recordBytesAt(page, offset));
    const from = page.base + offset;
    const held = copyMessageRecord(page, offset, to, (laneId, seq) =>
      owner.relocate(laneId, seq, from, to.base + to.end),
    );
    if (held === 0) return;
    page.liveCount -= held;
    to.liveCount += held;
    to.totalCount += held;
    this.#appended(to, target);
  }

  #copyFact(page: LogPage, offset: number, stream: PageStream, owner: RecordOwner): void {
    const { main, cold } = this.#streams;
    // A settlement in cold settled what was older than it, and is gone.
    if (stream !== main) return;
    const kind = recordKindAt(page, offset);
    if (kind === RECORD_SETTLED && coldBlockAt(page, offset) >= cold.engine.oldestBlock) {
      this.#copyRecord(page, offset, cold);
    } else if (kind === RECORD_NOTE) {
      this.#renewNote(page, offset, owner);
    } else if (kind === RECORD_REACH) {
      const [laneId, upTo] = [laneAt(page, offset), seqAt(page, offset)];
      if (owner.reachOf(laneId) === upTo) this.#log.reach(laneId, upTo);
    } else if (kind === RECORD_DEFINITION) {
      this.#renewDefinitions(page, owner);
    }
  }

  /** The newest note of a message counts the most returns. */
  #renewNote(page: LogPage, offset: number, owner: RecordOwner): void {
    const [laneId, seq, returnCount] = [laneAt(page, offset), seqAt(page, offset), returnsAt(page, offset)];
    if (owner.returnCountOf(laneId, seq) === returnCount)
      this.#log.note(laneId, seq, returnCount, heldAt(page, offset));
  }

  /** Copies a settlement as it is. */
  #copyRecord(page: LogPage, offset: number, target: PageStream): void {
    const recordBytes = recordBytesAt(page, offset);
    const to = target.makeRoom(recordBytes);
    copyBytes(page.bytes, offset, offset + recordBytes, to.bytes, to.end);
    this.#appended(to, target);
  }

  /** The record at the end of `to` is complete. */
  #appended(to: LogPage, target: PageStream): void {
    const recordBytes = recordBytesAt(to, to.end);
    this.#log.copiedBytes += recordBytes;
    target.appended(to, recordBytes);
  }

  /** Records all definitions again, unless that was done since `page` was written. */
  #renewDefinitions(page: LogPage, owner: RecordOwner): void {
    if (page.number < this.#definitionsFrom) return;
    this.definitionsAreVoidBefore(this.#log.voidDefinitions());
    owner.recordDefinitions();
  }

  /** Takes a page out that nothing is needed of any more, once that is durable. */
  #retire(stream: PageStream, page: LogPage): void {
    const { main, cold, transient } = this.#streams;
    if (stream === transient) {
      this.drop(stream, page);
      return;
    }
    stream.remove(page);
    this.#log.forget(page);
    const awaited = (stream === main ? cold : main).engine;
    this.#leaving.push({ stream, page, awaited, block: awaited.lastBlock });
    this.dropLeaving();
  }

  /** Lets go of the pages for which the other stream is durable by now. */
  dropLeaving(): void {
    if (this.#leaving.length === 0) return;
    this.#leaving = this.#leaving.filter(({ stream, page, awaited, block }) => {
      if (block > awaited.durableBlock) return true;
      stream.engine.drop(page);
      return false;
    });
  }
}
