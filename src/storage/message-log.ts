/**
 * The message log: every record of a broker, in three sequences of pages.
 *
 *     main         what must survive: persistent messages of durable queues, and all facts about messages, queues, users
 *     cold         messages that were alive when their page of main was cleaned
 *     transient    messages that need not survive; on the disk only when memory is short
 *
 *      main    oldest                                      tail        all that is appended in a turn is one group:
 *     +--------+--------+--------+--------+-----------------------+    there as a whole after a crash, or not at all
 *     | page   | page   | page   | page   | records ->            |
 *     +--------+--------+--------+--------+-----------------------+
 *          |  cleaning: what lives goes to cold, the page goes
 *          v
 *     +--------+--------+-------------+
 *     | page   | page   | records ->  |   cold: cleaned into itself
 *     +--------+--------+-------------+
 *
 * main and cold lose pages at their oldest end only. So what settles a message is always newer than every copy of it, and
 * goes later; and a restart reads cold first and then main, each from front to back, once. Settlements are written to main.
 * One that settles a message in cold is copied to cold before its page of main goes (fact-records.ts says until when).
 *
 * A backlog that stays for long is rewritten once, to cold, and then lies there undisturbed by what comes and goes in main.
 *
 * Without an engine that keeps anything (memory storage) all messages are transient and nothing else is recorded.
 */

import {
  destinationCountAt,
  RECORD_MESSAGE,
  recordBytesAt,
  recordKindAt,
} from '../core/message/message-record.ts';
import {
  type MessageStore,
  PAGE_SPAN,
  type Page,
  type RecordOwner,
  type RecordVisitor,
} from '../core/message/message-store.ts';
import { Cleaner } from './cleaner.ts';
import {
  definitionBytes,
  isLastingFact,
  NOTE_BYTES,
  REACH_BYTES,
  RECORD_DEFINITIONS_VOID,
  settledBytes,
  VOID_BYTES,
  visitFact,
  writeDefinition,
  writeDefinitionsVoid,
  writeNote,
  writeReach,
  writeSettled,
} from './fact-records.ts';
import type { LogEngine } from './log-engine.ts';
import { LogPage, type StreamName } from './log-page.ts';
import { MemoryEngine } from './memory-engine.ts';
import { PageMemory } from './page-memory.ts';
import { type PageSource, PageStream } from './page-stream.ts';
import { SettlementRuns } from './settlement-runs.ts';

const PAGE_BYTES_FIRST = 64 * 1024;
const DEAD_BYTES_ON_DISK = 128 * 2 ** 20;
const DEAD_BYTES_IN_MEMORY = 32 * 2 ** 20;
/** Holds no position. */
const NO_PAGE = new LogPage(Number.NEGATIVE_INFINITY, 'transient');

export interface MessageLogOptions {
  /** Keeps the cold stream. Needed when the main engine survives a restart. */
  readonly cold?: LogEngine;
  /** Takes transient messages when memory is short; they stay in memory without it. */
  readonly spill?: LogEngine;
  /** Bytes of messages in memory; no limit if absent. */
  readonly residentBytesMax?: number;
  /** Dead bytes of a stream that are never worth cleaning: 128 MiB on disk and 32 MiB in memory if absent. */
  readonly deadBytesAllowed?: number;
  /** The first page is small, so that a broker in a test costs little; each next one doubles, up to the largest. */
  readonly pageBytesFirst?: number;
  /** At most PAGE_SPAN. */
  readonly pageBytesMax?: number;
  /** Reading from the disk failed. Whoever asked for it gets the error, too. */
  readonly onFailure?: (error: Error) => void;
}

export class MessageLog implements MessageStore, PageSource {
  readonly survives: boolean;
  onDurable: () => void = () => {};
  /** Bytes of records appended since the start, and the part of them that cleaning copied: write amplification. */
  appendedBytes = 0;
  copiedBytes = 0;
  readonly #main: PageStream;
  readonly #cold: PageStream;
  readonly #transient: PageStream;
  readonly #memory: PageMemory;
  readonly #cleaner: Cleaner;
  readonly #settlements: SettlementRuns;
  readonly #pages = new Map<number, LogPage>();
  #nextNumber = 0;
  /** The pages of the last look-ups: the next one is mostly in the same. */
  #lastRead: LogPage = NO_PAGE;
  #lastSettled: LogPage = NO_PAGE;

  /** `main` must be fresh: nothing was appended to it or replayed. */
  constructor(main: LogEngine, options: MessageLogOptions = {}) {
    const { pageBytesFirst = PAGE_BYTES_FIRST, pageBytesMax = PAGE_SPAN, cold, spill } = options;
    this.survives = main.survives;
    const pageBytes = { first: pageBytesFirst, max: pageBytesMax };
    this.#main = new PageStream('main', main, this, pageBytes);
    this.#cold = new PageStream('cold', cold ?? new MemoryEngine(), this, pageBytes);
    this.#transient = new PageStream('transient', spill ?? new MemoryEngine(), this, pageBytes);
    this.#memory = new PageMemory({
      residentBytesMax: options.residentBytesMax ?? Number.POSITIVE_INFINITY,
      pageBytesMax,
      engineOf: (page) => this.#streamOf(page).engine,
      isStored: (page) => this.#isStored(page),
      spill: (page) => this.#spill(page),
      onFailure: options.onFailure ?? rethrow,
    });
    const { deadBytesAllowed = this.survives ? DEAD_BYTES_ON_DISK : DEAD_BYTES_IN_MEMORY } = options;
    const streams = { main: this.#main, cold: this.#cold, transient: this.#transient };
    this.#cleaner = new Cleaner(streams, this, deadBytesAllowed);
    this.#settlements = new SettlementRuns((laneId, runs, count, coldBlock) => {
      const page = this.#main.makeRoom(settledBytes(count, coldBlock));
      writeSettled(page, laneId, runs, count, coldBlock);
      this.#appendedFact(page);
    });
    for (const { engine } of [this.#main, this.#cold, this.#transient])
      engine.onDurable = () => this.#onStored();
  }

  get memoryBytes(): number {
    return this.#memory.bytes;
  }

  /** Bytes of records that some lane still holds: an estimate where records of one page differ in size. Looks at every page. */
  get liveBytes(): number {
    return this.#main.liveBytes() + this.#cold.liveBytes() + this.#transient.liveBytes();
  }

  /** Bytes that main and cold take on the disk. */
  get storedBytes(): number {
    return this.#main.engine.storedBytes + this.#cold.engine.storedBytes;
  }

  get durableBlock(): number {
    return this.#main.engine.durableBlock;
  }

  get pendingBytes(): number {
    return this.#main.pendingBytes();
  }

  // ---- messages ----

  tail(recordBytes: number, durable: boolean): Page {
    return (durable ? this.#main : this.#transient).makeRoom(recordBytes);
  }

  appended(page: Page, recordBytes: number, holders: number): number {
    const logPage = page as LogPage;
    logPage.liveCount += holders;
    logPage.totalCount += holders;
    this.appendedBytes += recordBytes;
    return this.#streamOf(logPage).appended(logPage, recordBytes);
  }

  pageOf(position: number): Page {
    const page = this.#pageToRead(position);
    if (!page.isResident) this.#memory.fetchNow(page);
    return page;
  }

  residentPage(position: number): Page | undefined {
    const page = this.#pageToRead(position);
    return page.isResident ? page : undefined;
  }

  fetch(position: number, whenResident: () => void): void {
    this.#memory.fetch(this.#pageToRead(position), whenResident);
  }

  settle(laneId: number, seq: number, position: number): void {
    const page = this.#pageToSettle(position);
    page.liveCount--;
    if (page.stream === 'transient') this.#checkEmpty(page);
    else this.#settlements.add(laneId, seq, page.stream === 'cold' ? page.lastBlock : 0);
  }

  settleRange(laneId: number, from: number, to: number): void {
    if (!this.survives || from === to) return;
    const mayBeCold = this.#cold.pageCount > 0;
    this.#settlements.addRange(laneId, from, to, mayBeCold ? this.#cold.engine.lastBlock : 0);
  }

  release(position: number): void {
    const page = this.#pageToSettle(position);
    page.liveCount--;
    if (page.stream === 'transient') this.#checkEmpty(page);
  }

  // ---- other facts ----

  note(laneId: number, seq: number, returnCount: number, heldUntilMs: number): void {
    if (!this.survives) return;
    const page = this.#main.makeRoom(NOTE_BYTES);
    writeNote(page, laneId, seq, returnCount, heldUntilMs);
    this.#appendedFact(page);
  }

  reach(laneId: number, upTo: number): void {
    if (!this.survives) return;
    const page = this.#main.makeRoom(REACH_BYTES);
    writeReach(page, laneId, upTo);
    this.#appendedFact(page);
  }

  define(bytes: Uint8Array, start: number, end: number): void {
    if (!this.survives) return;
    const page = this.#main.makeRoom(definitionBytes(end - start));
    writeDefinition(page, bytes, start, end);
    this.#appendedFact(page);
  }

  // ---- durability ----

  commit(): number {
    this.#settlements.flush();
    this.#main.seal();
    this.#memory.trim();
    return this.#main.engine.lastBlock;
  }

  clean(owner: RecordOwner): boolean {
    // What is settled by now is so in some block: cleaning looks no further.
    this.#settlements.flush();
    this.#main.seal();
    return this.#cleaner.clean(owner);
  }

  /** While the disk is short of space, what is dead goes at once and not when it is worth it. */
  setSpaceShort(isShort: boolean): void {
    this.#cleaner.spaceIsShort = isShort;
  }

  /** Hands everything that an earlier run left to `visitor`. To be called once, before anything else. */
  async recover(visitor: RecordVisitor): Promise<void> {
    await this.#replay(this.#cold, visitor);
    // A page of main whose messages are in cold may still be there.
    visitor.onOlderCopies();
    await this.#replay(this.#main, visitor);
  }

  /** Waits until everything is durable, and closes the engines. */
  async close(): Promise<void> {
    this.commit();
    for (const { engine } of [this.#main, this.#cold, this.#transient]) await engine.close();
  }

  // ---- for its parts ----

  makePage(stream: StreamName, bytes: number): LogPage {
    if (stream === 'transient') this.#dropEmptyTail();
    const page = this.#register(stream);
    this.#memory.allot(page, bytes);
    return page;
  }

  fetchPage(page: LogPage, whenResident: () => void): void {
    this.#memory.fetch(page, () => {
      whenResident();
      this.onDurable();
    });
  }

  forget(page: LogPage): void {
    this.#memory.forget(page);
    this.#pages.delete(page.number);
    if (this.#lastRead === page) this.#lastRead = NO_PAGE;
    if (this.#lastSettled === page) this.#lastSettled = NO_PAGE;
  }

  /** Records, on behalf of the cleaner, that all definitions so far are void. */
  voidDefinitions(): LogPage {
    const page = this.#main.makeRoom(VOID_BYTES);
    writeDefinitionsVoid(page);
    this.#appendedFact(page);
    return page;
  }

  // ---- inside ----

  #streamOf(page: LogPage): PageStream {
    if (page.stream === 'transient') return this.#transient;
    return page.stream === 'main' ? this.#main : this.#cold;
  }

  /** The page that holds `position`, which is looked at now. Runs per message. */
  #pageToRead(position: number): LogPage {
    const recent = this.#lastRead;
    const offset = position - recent.base;
    if (offset >= 0 && offset < PAGE_SPAN) return recent;
    const page = this.#page(position);
    this.#lastRead = page;
    this.#memory.use(page);
    return page;
  }

  /** The page that holds `position`, whose bytes do not matter. Runs per message. */
  #pageToSettle(position: number): LogPage {
    const recent = this.#lastSettled;
    const offset = position - recent.base;
    if (offset >= 0 && offset < PAGE_SPAN) return recent;
    const page = this.#page(position);
    this.#lastSettled = page;
    return page;
  }

  #page(position: number): LogPage {
    const page = this.#pages.get(Math.floor(position / PAGE_SPAN));
    if (page === undefined) throw new Error(`message log: no page holds position ${position}`);
    return page;
  }

  #register(stream: StreamName): LogPage {
    const page = new LogPage(this.#nextNumber++, stream);
    this.#pages.set(page.number, page);
    return page;
  }

  /** The record at the end of `page` is a fact. */
  #appendedFact(page: LogPage): void {
    const recordBytes = recordBytesAt(page, page.end);
    if (isLastingFact(page, page.end)) page.hasFacts = true;
    if (this.#cleaner.isCleaning) page.keptBytes += recordBytes;
    this.appendedBytes += recordBytes;
    this.#main.appended(page, recordBytes);
  }

  /** A transient page goes with its last message, but for the tail. One that is being cleaned goes afterwards. */
  #checkEmpty(page: LogPage): void {
    if (page.liveCount === 0 && page !== this.#transient.tail && !this.#cleaner.isCleaning)
      this.#cleaner.drop(this.#transient, page);
  }

  #dropEmptyTail(): void {
    const { tail } = this.#transient;
    if (tail?.liveCount === 0) this.#cleaner.drop(this.#transient, tail);
  }

  /** An engine has stored more: in the next turn pages may leave memory, and cleaning may go on. */
  #onStored(): void {
    this.#memory.onStored();
    this.#cleaner.dropLeaving();
    this.onDurable();
  }

  #isStored(page: LogPage): boolean {
    const stream = this.#streamOf(page);
    return page !== stream.tail && stream.engine.canLoad(page);
  }

  #spill(page: LogPage): boolean {
    const stream = this.#streamOf(page);
    return page !== stream.tail && stream.engine.makeLoadable(page);
  }

  async #replay(stream: PageStream, visitor: RecordVisitor): Promise<void> {
    await stream.engine.replay({
      newPage: () => this.#register(stream.name),
      onPage: (page, bytes) => this.#recoverPage(stream, page, bytes, visitor),
    });
  }

  #recoverPage(stream: PageStream, page: LogPage, bytes: Uint8Array, visitor: RecordVisitor): void {
    page.becomeResident(bytes);
    stream.adopt(page);
    for (let offset = 0; offset < page.end; offset += recordBytesAt(page, offset)) {
      if (recordKindAt(page, offset) === RECORD_MESSAGE) {
        page.totalCount += destinationCountAt(page, offset);
        // Asked before it is added: an earlier copy that is let go may lie in this page.
        const held = visitor.onMessage(page, page.base + offset);
        page.liveCount += held;
      } else {
        visitFact(page, offset, visitor);
        if (isLastingFact(page, offset)) page.hasFacts = true;
        if (recordKindAt(page, offset) === RECORD_DEFINITIONS_VOID)
          this.#cleaner.definitionsAreVoidBefore(page);
      }
    }
    page.evict();
  }
}

function rethrow(error: Error): never {
  throw error;
}
