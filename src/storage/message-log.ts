/**
 * The message log: every record of a broker in one append-only sequence of pages, whatever queue it went to.
 *
 *      oldest                                              tail
 *     +----------+----------+  freed  +----------+----------------+
 *     | page  | page  |         | page  | page  ->    |  records are appended at its end
 *     +----------+----------+         +----------+----------------+
 *
 * A page goes as soon as nobody holds a record in it. A few records that stay for long would keep many pages
 * alive, so when less than half of the bytes are live the log is cleaned from its oldest end: what lives there is
 * appended again at the tail and the page is dropped.
 */

import { copyBytes } from '../codec/bytes.ts';
import {
  decrementLiveCount,
  destinationCountAt,
  destinationLane,
  destinationSeq,
  liveCountAt,
  recordBytesAt,
  setLiveCount,
} from '../core/message/message-record.ts';
import { type MessageStore, PAGE_SPAN, Page, type RecordOwner } from '../core/message/message-store.ts';
import type { LogEngine } from './log-engine.ts';

/** The first page is small, so that a broker in a test costs little; each next one doubles, up to the largest (4 MiB). */
const PAGE_BYTES_FIRST = 64 * 1024;
const PAGE_BYTES_MAX = PAGE_SPAN;
/** Empty pages of the largest size kept for the next use. */
const SPARE_PAGES_MAX = 4;
/** Dead bytes that are never worth cleaning. */
const DEAD_BYTES_ALLOWED = 8 * PAGE_BYTES_MAX;

export class MessageLog implements MessageStore {
  onDurable: () => void = () => {};
  #memoryBytes = 0;
  #liveBytes = 0;
  /** By page number, oldest first (a Map keeps the order of insertion). */
  readonly #pages = new Map<number, Page>();
  readonly #spare: Uint8Array[] = [];
  readonly #engine: LogEngine;
  #nextNumber = 0;
  #tail: Page;
  /** The page of the last look-up: the next one is mostly in the same. */
  #recent: Page;
  #uncommitted = false;

  constructor(engine: LogEngine) {
    this.#engine = engine;
    engine.onDurable = () => this.onDurable();
    this.#tail = this.#newPage(PAGE_BYTES_FIRST);
    this.#recent = this.#tail;
  }

  get memoryBytes(): number {
    return this.#memoryBytes;
  }

  /** Bytes of records that some queue still holds. */
  get liveBytes(): number {
    return this.#liveBytes;
  }

  get durableBlock(): number {
    return this.#engine.durableBlock;
  }

  tail(recordBytes: number): Page {
    const tail = this.#tail;
    if (tail.end + recordBytes <= tail.bytes.length) return tail;
    return this.#roll(recordBytes);
  }

  appended(page: Page, recordBytes: number): number {
    const position = page.base + page.end;
    page.end += recordBytes;
    page.liveBytes += recordBytes;
    this.#liveBytes += recordBytes;
    this.#uncommitted = true;
    return position;
  }

  pageOf(position: number): Page {
    const recent = this.#recent;
    const offset = position - recent.base;
    if (offset >= 0 && offset < PAGE_SPAN) return recent;
    const page = this.#pages.get(Math.floor(position / PAGE_SPAN));
    if (page === undefined) throw new Error(`message log: no page holds position ${position}`);
    this.#recent = page;
    return page;
  }

  release(position: number): void {
    const page = this.pageOf(position);
    const offset = position - page.base;
    if (decrementLiveCount(page, offset) > 0) return;
    const recordBytes = recordBytesAt(page, offset);
    page.liveBytes -= recordBytes;
    this.#liveBytes -= recordBytes;
    if (page.liveBytes === 0) this.#emptied(page);
  }

  commit(): number {
    if (!this.#uncommitted) return this.#engine.lastBlock;
    this.#uncommitted = false;
    return this.#engine.append();
  }

  clean(owner: RecordOwner): boolean {
    if (!this.#needsCleaning()) return false;
    const oldest = this.#pages.values().next().value as Page;
    if (oldest === this.#tail) return false;
    this.#copyForward(oldest, owner);
    this.#drop(oldest);
    return this.#needsCleaning();
  }

  #needsCleaning(): boolean {
    const dead = this.#memoryBytes - this.#liveBytes;
    return dead > DEAD_BYTES_ALLOWED && dead > this.#liveBytes;
  }

  #copyForward(from: Page, owner: RecordOwner): void {
    for (let offset = 0; offset < from.end; offset += recordBytesAt(from, offset)) {
      if (liveCountAt(from, offset) > 0) this.#copyRecord(from, offset, owner);
    }
  }

  /** Copies one record whole; destinations that settled it stay listed, but are not counted. */
  #copyRecord(from: Page, offset: number, owner: RecordOwner): void {
    const recordBytes = recordBytesAt(from, offset);
    const to = this.tail(recordBytes);
    const target = to.end;
    copyBytes(from.bytes, offset, offset + recordBytes, to.bytes, target);
    const position = this.appended(to, recordBytes);
    let live = 0;
    const destinations = destinationCountAt(from, offset);
    for (let index = 0; index < destinations; index++) {
      const laneId = destinationLane(from, offset, index);
      const seq = destinationSeq(from, offset, index);
      if (owner.relocate(laneId, seq, from.base + offset, position)) live++;
    }
    setLiveCount(to, target, live);
    if (live === 0)
      throw new Error(`message log: a live record at ${from.base + offset} belongs to no queue`);
  }

  #roll(recordBytes: number): Page {
    const full = this.#tail;
    const larger = Math.min(full.bytes.length * 2, PAGE_BYTES_MAX);
    this.#tail = this.#newPage(Math.max(larger, recordBytes));
    if (full.liveBytes === 0) this.#drop(full);
    return this.#tail;
  }

  #newPage(size: number): Page {
    const bytes = (size === PAGE_BYTES_MAX ? this.#spare.pop() : undefined) ?? new Uint8Array(size);
    const page = new Page(this.#nextNumber * PAGE_SPAN, bytes);
    this.#pages.set(this.#nextNumber++, page);
    this.#memoryBytes += size;
    return page;
  }

  /** Nothing in `page` is held any more; the tail stays. */
  #emptied(page: Page): void {
    if (page !== this.#tail) this.#drop(page);
  }

  #drop(page: Page): void {
    this.#liveBytes -= page.liveBytes;
    this.#pages.delete(page.base / PAGE_SPAN);
    this.#memoryBytes -= page.bytes.length;
    if (this.#recent === page) this.#recent = this.#tail;
    if (page.bytes.length === PAGE_BYTES_MAX && this.#spare.length < SPARE_PAGES_MAX) {
      this.#spare.push(page.bytes);
    }
  }
}
