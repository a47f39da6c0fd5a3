import type { LogEngine } from './log-engine.ts';
import type { LogPage } from './log-page.ts';

/** Unused arrays kept for the next page: 16 MiB. */
const SPARE_MAX = 4;
/** Pages behind one that is read that are read along with it, as long as half of the room is free. */
const READ_AHEAD = 2;
/** Reads under way at a time; each takes room from its start. */
const LOADS_MAX = 8;
/**
 * The share of the room for pages that are on the disk, too, and that nobody reads. The file system keeps them in its own
 * memory as well: more of them here would make nothing faster.
 */
const UNREAD_COPIES_SHARE = 1 / 8;

export interface PageMemoryOptions {
  /** Bytes that pages may take. More is in memory only while nothing can be put on the disk. */
  readonly residentBytesMax: number;
  /** The size of most pages: arrays of this size are used again. */
  readonly pageBytesMax: number;
  engineOf(page: LogPage): LogEngine;
  /** Whether `page` is on the disk, or can be read from it by now. */
  isStored(page: LogPage): boolean;
  /** Begins to put a page where it can be read from; false when that does not help, or its stream still grows there. */
  spill(page: LogPage): boolean;
  /** Reading failed, in the background or for somebody: nothing that is on the disk can be relied on any more. */
  onFailure(error: Error): void;
}

/** Which pages are in memory: the newest, those that are being read, and those that are nowhere else. */
export class PageMemory {
  readonly #options: PageMemoryOptions;
  readonly #resident = new Set<LogPage>();
  readonly #spare: Uint8Array[] = [];
  /** Pages on their way into memory, oldest request first, and who waits for them. */
  readonly #loading = new Map<LogPage, (() => void)[]>();
  /** Of these: pages whose reading has not begun. */
  readonly #queued: LogPage[] = [];
  #loadCount = 0;
  /** What resident pages take, and those that are being read. */
  #bytes = 0;
  #uses = 0;
  /** What `trim` left when it could not do more: it is not asked again before there is more, or more is stored. */
  #trimmedBytes = 0;

  constructor(options: PageMemoryOptions) {
    this.#options = options;
  }

  /** Bytes that pages take. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Gives `page` an array of at least `bytes`. */
  allot(page: LogPage, bytes: number): void {
    this.#add(page, this.#array(bytes));
  }

  /** `page` is looked at. Runs whenever another page than before is. */
  use(page: LogPage): void {
    page.usedAt = ++this.#uses;
    let ahead = page.newer;
    for (let count = 0; count < READ_AHEAD && ahead !== undefined && this.#hasRoomAhead; count++) {
      if (!ahead.isResident && ahead.liveCount > 0) this.#load(ahead);
      ahead = ahead.newer;
    }
  }

  /** Reads `page` in the background. */
  fetch(page: LogPage, whenResident: () => void): void {
    this.#load(page);
    this.#loading.get(page)?.push(whenResident);
    this.use(page);
  }

  get #hasRoomAhead(): boolean {
    return this.#bytes < this.#options.residentBytesMax / 2;
  }

  /** Reads `page` at once. */
  fetchNow(page: LogPage): void {
    const bytes = this.#array(page.end);
    try {
      this.#options.engineOf(page).loadNow(page, bytes);
    } catch (error) {
      // Whoever asked may not be the one to stop the broker.
      this.#options.onFailure(error as Error);
      throw error;
    }
    this.#add(page, bytes);
    page.wasFetched = true;
  }

  /** `page` is gone. Whoever waits for it looks again. */
  forget(page: LogPage): void {
    this.#evict(page);
    this.#finish(page);
  }

  /** More is stored by now: `trim` may be able to do what it could not. */
  onStored(): void {
    this.#trimmedBytes = 0;
  }

  /** Lets go of what is beyond the limits, longest unused first. Runs once a turn. */
  trim(): void {
    const { residentBytesMax, pageBytesMax } = this.#options;
    const unreadMax = Math.max(residentBytesMax * UNREAD_COPIES_SHARE, 2 * pageBytesMax);
    if (this.#bytes <= Math.max(unreadMax, this.#trimmedBytes)) {
      this.#trimmedBytes = Math.min(this.#trimmedBytes, this.#bytes);
      return;
    }
    const longestUnusedFirst = [...this.#resident].sort((a, b) => a.usedAt - b.usedAt);
    const copies = longestUnusedFirst.filter((page) => this.#options.isStored(page));
    this.#evictBeyond(
      unreadMax,
      copies.filter((page) => !isBeingRead(page)),
    );
    for (const page of copies) if (this.#bytes > residentBytesMax) this.#evict(page);
    if (this.#bytes > residentBytesMax) this.#spill(this.#bytes - residentBytesMax, longestUnusedFirst);
    this.#trimmedBytes = this.#bytes;
  }

  /** Evicts so many of `pages` that what is left of them takes `bytesMax`; those with nothing alive in them first. */
  #evictBeyond(bytesMax: number, pages: readonly LogPage[]): void {
    let bytes = pages.reduce((sum, page) => sum + page.bytes.length, 0);
    const dead = pages.filter((page) => page.liveCount === 0);
    for (const page of [...dead, ...pages]) {
      if (bytes <= bytesMax) return;
      bytes -= page.bytes.length;
      this.#evict(page);
    }
  }

  /** They leave the memory once they are stored. */
  #spill(bytes: number, longestUnusedFirst: readonly LogPage[]): void {
    let left = bytes;
    for (const page of longestUnusedFirst) {
      if (left <= 0) return;
      if (page.isResident && this.#options.spill(page)) left -= page.bytes.length;
    }
  }

  #load(page: LogPage): void {
    if (this.#loading.has(page) || page.isResident) return;
    this.#loading.set(page, []);
    this.#queued.push(page);
    this.#beginLoads();
  }

  #beginLoads(): void {
    while (this.#loadCount < LOADS_MAX) {
      const page = this.#queued.shift();
      if (page === undefined) return;
      // It may be gone by now, or have been read at once.
      if (page.isResident) this.#finish(page);
      else if (this.#loading.has(page)) this.#beginLoad(page);
    }
  }

  #beginLoad(page: LogPage): void {
    const bytes = this.#array(page.end);
    this.#loadCount++;
    this.#bytes += bytes.length;
    this.#options
      .engineOf(page)
      .load(page, bytes)
      .then(
        () => this.#loaded(page, bytes),
        (error: Error) => {
          this.#loadCount--;
          this.#bytes -= bytes.length;
          // Of a page that is gone nobody needs anything.
          if (this.#loading.has(page)) this.#options.onFailure(error);
          else this.#beginLoads();
        },
      );
  }

  #loaded(page: LogPage, bytes: Uint8Array): void {
    this.#loadCount--;
    this.#bytes -= bytes.length;
    // It may have been read at once meanwhile, or be gone.
    if (!this.#loading.has(page) || page.isResident) {
      this.#recycle(bytes);
    } else {
      this.#add(page, bytes);
      page.wasFetched = true;
    }
    this.#finish(page);
    this.#beginLoads();
  }

  #finish(page: LogPage): void {
    const waiting = this.#loading.get(page) ?? [];
    this.#loading.delete(page);
    for (const whenResident of waiting) whenResident();
  }

  #evict(page: LogPage): void {
    if (!this.#resident.delete(page)) return;
    const bytes = page.evict();
    this.#bytes -= bytes.length;
    this.#recycle(bytes);
  }

  #add(page: LogPage, bytes: Uint8Array): void {
    page.becomeResident(bytes);
    page.usedAt = ++this.#uses;
    this.#resident.add(page);
    this.#bytes += bytes.length;
  }

  #array(bytes: number): Uint8Array {
    const { pageBytesMax } = this.#options;
    if (bytes > pageBytesMax || bytes <= pageBytesMax / 2) return new Uint8Array(bytes);
    return this.#spare.pop() ?? new Uint8Array(pageBytesMax);
  }

  #recycle(bytes: Uint8Array): void {
    if (bytes.length === this.#options.pageBytesMax && this.#spare.length < SPARE_MAX)
      this.#spare.push(bytes);
  }
}

/** It was fetched for a consumer or for the cleaner, and there is something in it for them. */
function isBeingRead(page: LogPage): boolean {
  return page.wasFetched && (page.liveCount > 0 || page.hasFacts);
}
