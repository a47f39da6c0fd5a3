import type { LogEngine } from './log-engine.ts';
import type { LogPage, StreamName } from './log-page.ts';

/** What a stream asks the log that it is part of. */
export interface PageSource {
  /** A new page, resident, with room for `bytes`. */
  makePage(stream: StreamName, bytes: number): LogPage;
}

/**
 * One append-only sequence of pages, and the group at its end that is not closed yet.
 *
 *      oldest                                              tail
 *     +--------+--------+--------+--------+-----------------------------+
 *     | page   | page   | page   | page   | block | block | group ->    |
 *     +--------+--------+--------+--------+-----------------------------+
 *                                                          ^ #blockStart: room for the block's header is left there
 *
 * **Invariant:** `storedBytes` and the counts are the sums over its pages.
 */
export class PageStream {
  readonly name: StreamName;
  readonly engine: LogEngine;
  oldest: LogPage | undefined;
  tail: LogPage | undefined;
  pageCount = 0;
  /** Bytes of all its pages, dead ones too. */
  storedBytes = 0;
  readonly #source: PageSource;
  readonly #pageBytesFirst: number;
  readonly #pageBytesMax: number;
  /** Where the open block begins in the tail; -1: none is open. */
  #blockStart = -1;
  /** The tail is of this run, not of an earlier one. */
  #tailIsOpen = false;

  constructor(
    name: StreamName,
    engine: LogEngine,
    source: PageSource,
    pageBytes: { readonly first: number; readonly max: number },
  ) {
    this.name = name;
    this.engine = engine;
    this.#source = source;
    this.#pageBytesFirst = pageBytes.first;
    this.#pageBytesMax = pageBytes.max;
  }

  /** The tail, with room for `recordBytes` in an open block. Runs per record. */
  makeRoom(recordBytes: number): LogPage {
    const { tail } = this;
    if (this.#blockStart >= 0 && tail !== undefined && tail.end + recordBytes <= tail.bytes.length)
      return tail;
    return this.#openBlock(recordBytes);
  }

  /** `recordBytes` were written at the end of the tail. Returns the position of the record. Runs per record. */
  appended(page: LogPage, recordBytes: number): number {
    const position = page.base + page.end;
    page.end += recordBytes;
    this.storedBytes += recordBytes;
    return position;
  }

  /** Closes the group: hands what was appended since the last call to the engine. The transient stream has no groups. */
  seal(): void {
    this.#seal(false);
  }

  /** A page of an earlier run, at the newer end. */
  adopt(page: LogPage): void {
    this.#link(page);
    this.#tailIsOpen = false;
    this.storedBytes += page.end;
  }

  /** Takes `page` out; if it is the tail, a new page follows at once. */
  remove(page: LogPage): void {
    const { older, newer } = page;
    if (older === undefined) this.oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.tail = older;
    else newer.older = older;
    page.older = undefined;
    page.newer = undefined;
    this.pageCount--;
    this.storedBytes -= page.end;
  }

  /** About how many bytes are not durable yet. Looks at the pages that they are in. */
  pendingBytes(): number {
    const { durableBlock } = this.engine;
    let bytes = 0;
    for (let page = this.tail; page !== undefined && page.lastBlock > durableBlock; page = page.older)
      bytes += page.end;
    return bytes;
  }

  /** An estimate, see LogPage. Looks at every page. */
  liveBytes(): number {
    let bytes = 0;
    for (let page = this.oldest; page !== undefined; page = page.newer) bytes += page.liveBytes;
    return bytes;
  }

  #openBlock(recordBytes: number): LogPage {
    const needed = this.engine.blockHeaderBytes + recordBytes;
    let { tail } = this;
    if (tail === undefined || !this.#tailIsOpen || tail.end + needed > tail.bytes.length) {
      this.#seal(true);
      tail = this.#newTail(needed);
    }
    this.#blockStart = tail.end;
    tail.end += this.engine.blockHeaderBytes;
    this.storedBytes += this.engine.blockHeaderBytes;
    return tail;
  }

  #seal(more: boolean): void {
    const { tail } = this;
    const start = this.#blockStart;
    if (start < 0 || tail === undefined) return;
    this.#blockStart = -1;
    if (this.name === 'transient') return;
    tail.lastBlock = this.engine.append(tail, start, tail.end, more);
    if (tail.firstBlock === 0) tail.firstBlock = tail.lastBlock;
  }

  #newTail(bytes: number): LogPage {
    const last = this.#tailIsOpen ? (this.tail?.bytes.length ?? 0) : 0;
    const size = Math.min(Math.max(last * 2, this.#pageBytesFirst), this.#pageBytesMax);
    const page = this.#source.makePage(this.name, Math.max(size, bytes));
    this.#link(page);
    this.#tailIsOpen = true;
    return page;
  }

  #link(page: LogPage): void {
    const { tail } = this;
    page.older = tail;
    if (tail === undefined) this.oldest = page;
    else tail.newer = page;
    this.tail = page;
    this.pageCount++;
  }
}
