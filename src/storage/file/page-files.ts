/**
 * Takes whole pages while memory is short, to give them back: files that nobody syncs, and that are of no use to anybody once the
 * process has ended. Those of an earlier run are removed at the start.
 *
 * Pages are written as they are, one behind the other. Their checksums are kept in memory.
 */

import { crc32 } from 'node:zlib';
import type { LogPage } from '../log-page.ts';
import type { Disk, DiskFile } from './disk.ts';
import { diskFailed, isFull, StorageError, textOf } from './storage-error.ts';
import type { StorageEvents } from './storage-events.ts';
import { nodeTimer, type StorageTimer } from './storage-timer.ts';

const FILE_BYTES_MAX = 32 * 2 ** 20;
const RETRY_MS = 1000;

export interface PageFilesOptions {
  /** Begins the names of the files: `spill` makes `spill-1.log`. */
  readonly prefix: string;
  /** What is in the pages, for texts. */
  readonly content: string;
  readonly events: StorageEvents;
  readonly timer?: StorageTimer;
  /** A file that is as large as this is followed by a new one. */
  readonly fileBytesMax?: number;
}

export class PageFiles {
  /** Called whenever a page that was added is written, or was dropped before its turn came: in the order of `add`. */
  onDone: () => void = () => {};
  readonly #disk: Disk;
  readonly #options: PageFilesOptions;
  readonly #timer: StorageTimer;
  readonly #fileBytesMax: number;
  readonly #pages = new Map<LogPage, WrittenPage>();
  /** To be written, oldest first. Undefined: dropped before its turn came. */
  #waiting: (LogPage | undefined)[] = [];
  #tail: PageFile | undefined;
  #fileCount = 0;
  #storedBytes = 0;
  #running: Promise<void> | undefined;
  #isFailing = false;
  #isFull = false;
  #isClosed = false;
  #endWait: (() => void) | undefined;

  constructor(disk: Disk, options: PageFilesOptions) {
    this.#disk = disk;
    this.#options = options;
    this.#timer = options.timer ?? nodeTimer;
    this.#fileBytesMax = options.fileBytesMax ?? FILE_BYTES_MAX;
  }

  get storedBytes(): number {
    return this.#storedBytes;
  }

  /** Removes what an earlier run left. */
  async removeLeft(): Promise<void> {
    const name = new RegExp(`^${this.#options.prefix}-[0-9]+\\.log$`);
    for (const each of await this.#disk.list()) {
      if (name.test(each)) await this.#disk.remove(each);
    }
  }

  /** Whether `page` was written. */
  has(page: LogPage): boolean {
    return this.#pages.has(page);
  }

  /** Whether `page` was added and not written yet. */
  isWaiting(page: LogPage): boolean {
    return this.#waiting.includes(page);
  }

  /** Begins to write `page`, which must stay resident until then. What fails is tried again. */
  add(page: LogPage): void {
    this.#waiting.push(page);
    this.#running ??= this.#run();
  }

  /** Writes `bytes` for `page`, which is not resident; they must not change meanwhile. Not to be called beside `add`. */
  async keep(page: LogPage, bytes: Uint8Array): Promise<void> {
    try {
      this.#pages.set(page, await this.#write(bytes));
    } catch (error) {
      throw diskFailed(this.#disk.path, `writing ${this.#options.content}`, error);
    }
  }

  async load(page: LogPage, into: Uint8Array): Promise<void> {
    const { place, fileOffset, checksum } = this.#place(page);
    const target = into.subarray(0, page.end);
    place.userCount++;
    try {
      const readBytes = await place.file.read(target, fileOffset).catch((error: unknown) => {
        throw this.#readFailed(place, fileOffset, error);
      });
      this.#check(place, fileOffset, target.subarray(0, readBytes), checksum);
    } finally {
      this.#leave(place);
    }
  }

  loadNow(page: LogPage, into: Uint8Array): void {
    const { place, fileOffset, checksum } = this.#place(page);
    const target = into.subarray(0, page.end);
    const readBytes = this.#readNow(place, target, fileOffset);
    this.#check(place, fileOffset, target.subarray(0, readBytes), checksum);
  }

  drop(page: LogPage): void {
    const index = this.#waiting.indexOf(page);
    if (index >= 0) this.#waiting[index] = undefined;
    const written = this.#pages.get(page);
    if (written === undefined) return;
    this.#pages.delete(page);
    this.#leave(written.place);
  }

  /** What is in the files is of no use to anybody: they go. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#waiting = [];
    this.#endWait?.();
    await this.#running;
    const places = new Set([...this.#pages.values()].map(({ place }) => place));
    this.#pages.clear();
    for (const place of places) await this.#remove(place);
  }

  // ---- writing ----

  async #run(): Promise<void> {
    // The caller makes a note of the page first.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      try {
        await this.#writeNext();
        this.#becomeWell();
      } catch (error) {
        this.#reportFailure(error);
        this.#tail = undefined;
        if (!this.#isClosed) await this.#wait();
      }
    }
    this.#running = undefined;
  }

  async #writeNext(): Promise<void> {
    const page = this.#waiting[0];
    if (page !== undefined) await this.#writePage(page);
    if (this.#isClosed) return;
    this.#waiting.shift();
    this.#tellDone();
  }

  async #writePage(page: LogPage): Promise<void> {
    const written = await this.#write(page.bytes.subarray(0, page.end));
    // Dropped while it was written, it is waited for no more.
    if (this.#waiting[0] === page) this.#pages.set(page, written);
    else this.#leave(written.place);
  }

  async #write(bytes: Uint8Array): Promise<WrittenPage> {
    const place = await this.#placeToWrite();
    const written = { place, fileOffset: place.end, checksum: crc32(bytes) };
    place.userCount++;
    try {
      await place.file.write([bytes], place.end);
    } catch (error) {
      this.#leave(place);
      throw error;
    }
    place.end += bytes.length;
    this.#storedBytes += bytes.length;
    return written;
  }

  async #placeToWrite(): Promise<PageFile> {
    const tail = this.#tail;
    if (tail !== undefined && tail.end < this.#fileBytesMax) return tail;
    const file = await this.#disk.create(`${this.#options.prefix}-${++this.#fileCount}.log`);
    this.#tail = { file, end: 0, userCount: 0 };
    return this.#tail;
  }

  #tellDone(): void {
    try {
      this.onDone();
    } catch (error) {
      // A defect of the one that was called: the file is sound.
      queueMicrotask(() => {
        throw error;
      });
    }
  }

  // ---- when the disk fails: the pages stay in memory, and are tried again in another file ----

  #reportFailure(error: unknown): void {
    if (isFull(error)) this.#setFull(true);
    if (this.#isFailing) return;
    this.#isFailing = true;
    const text =
      `storage: ${this.#options.content} cannot be written to ${this.#disk.path} (${textOf(error)}): ` +
      'they stay in memory until they can';
    this.#options.events.onEvent({ level: 'warn', text });
  }

  #becomeWell(): void {
    this.#isFailing = false;
    this.#setFull(false);
  }

  #setFull(on: boolean): void {
    if (this.#isFull === on) return;
    this.#isFull = on;
    this.#options.events.onFull(on);
  }

  #wait(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#timer.after(RETRY_MS, resolve);
      this.#endWait = () => {
        cancel();
        resolve();
      };
    });
  }

  // ---- the files ----

  #place(page: LogPage): WrittenPage {
    const written = this.#pages.get(page);
    if (written === undefined) {
      throw new Error(`${this.#options.prefix} files: page ${page.number} was not written to a file`);
    }
    return written;
  }

  #readNow(place: PageFile, target: Uint8Array, fileOffset: number): number {
    try {
      return place.file.readNow(target, fileOffset);
    } catch (error) {
      throw this.#readFailed(place, fileOffset, error);
    }
  }

  #readFailed({ file }: PageFile, fileOffset: number, error: unknown): StorageError {
    return diskFailed(this.#disk.path, `reading ${file.name} at ${fileOffset}`, error);
  }

  #check({ file }: PageFile, fileOffset: number, bytes: Uint8Array, checksum: number): void {
    if (crc32(bytes) === checksum) return;
    throw new StorageError(
      'DATA_DAMAGED',
      `the disk under ${this.#disk.path} gave back something else than was written: ${file.name} has changed at offset ` +
        `${fileOffset} since it was written. Nothing in that file outlives the process: look at the disk, and start again`,
    );
  }

  /** One user of the file less: a page in it, or somebody who reads. */
  #leave(place: PageFile): void {
    place.userCount--;
    if (place.userCount > 0 || this.#isClosed) return;
    if (this.#tail === place) this.#tail = undefined;
    this.#remove(place).catch((error: unknown) => {
      const text = `storage: ${place.file.name} in ${this.#disk.path} cannot be removed: ${textOf(error)}`;
      this.#options.events.onEvent({ level: 'warn', text });
    });
  }

  async #remove({ file, end }: PageFile): Promise<void> {
    this.#storedBytes -= end;
    await this.#disk.remove(file.name);
    await file.close();
  }
}

/** A file that pages are in. */
interface PageFile {
  readonly file: DiskFile;
  end: number;
  /** Pages in it, and those who read or write. At 0 it goes. */
  userCount: number;
}

/** Where a page lies, and the checksum of what was written. */
interface WrittenPage {
  readonly place: PageFile;
  readonly fileOffset: number;
  readonly checksum: number;
}
