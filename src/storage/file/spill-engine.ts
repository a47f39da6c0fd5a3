/**
 * Takes pages of transient messages while memory is short. Nothing is synced, and nothing outlives the process: files of an
 * earlier run are removed at the start.
 *
 * Pages are written whole, without block headers. Their checksums are kept in memory.
 */

import { crc32 } from 'node:zlib';
import type { LogEngine } from '../log-engine.ts';
import type { LogPage } from '../log-page.ts';
import type { Disk, DiskFile } from './disk.ts';
import { dataDamaged, diskFailed, isFull, type StorageError, textOf } from './storage-error.ts';
import type { StorageEvents } from './storage-events.ts';
import { nodeTimer, type StorageTimer } from './storage-timer.ts';

const FILE_BYTES_MAX = 32 * 2 ** 20;
const RETRY_MS = 1000;
const SPILL_NAME = /^spill-[0-9]+\.log$/;

export interface SpillEngineOptions {
  readonly events: StorageEvents;
  readonly timer?: StorageTimer;
  /** A file that is as large as this is followed by a new one. */
  readonly fileBytesMax?: number;
}

export class SpillEngine implements LogEngine {
  readonly survives = false;
  readonly blockHeaderBytes = 0;
  onDurable: () => void = () => {};
  readonly #disk: Disk;
  readonly #options: SpillEngineOptions;
  readonly #timer: StorageTimer;
  readonly #fileBytesMax: number;
  readonly #pages = new Map<LogPage, SpilledPage>();
  /** To be written, oldest first. Undefined: dropped before its turn came. */
  #waiting: (LogPage | undefined)[] = [];
  #tail: SpillFile | undefined;
  #fileCount = 0;
  #storedBytes = 0;
  #lastBlock = 0;
  #durableBlock = 0;
  #running: Promise<void> | undefined;
  #isFailing = false;
  #isFull = false;
  #isClosed = false;
  #endWait: (() => void) | undefined;

  constructor(disk: Disk, options: SpillEngineOptions) {
    this.#disk = disk;
    this.#options = options;
    this.#timer = options.timer ?? nodeTimer;
    this.#fileBytesMax = options.fileBytesMax ?? FILE_BYTES_MAX;
  }

  get lastBlock(): number {
    return this.#lastBlock;
  }

  /** Here: written, and may be read. */
  get durableBlock(): number {
    return this.#durableBlock;
  }

  get oldestBlock(): number {
    return this.#lastBlock + 1;
  }

  get storedBytes(): number {
    return this.#storedBytes;
  }

  /** Hands out nothing: removes what an earlier run left. */
  async replay(): Promise<void> {
    for (const name of await this.#disk.list()) {
      if (SPILL_NAME.test(name)) await this.#disk.remove(name);
    }
  }

  /** Takes the whole page as one block. */
  append(page: LogPage): number {
    this.#waiting.push(page);
    this.#running ??= this.#run();
    return ++this.#lastBlock;
  }

  canLoad(page: LogPage): boolean {
    return this.#pages.has(page);
  }

  /** Takes the page, unless it did before. */
  makeLoadable(page: LogPage): boolean {
    if (page.lastBlock > 0) return false;
    page.lastBlock = this.append(page);
    page.firstBlock = page.lastBlock;
    return true;
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
    const spilled = this.#pages.get(page);
    if (spilled === undefined) return;
    this.#pages.delete(page);
    this.#leave(spilled.place);
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
    // The caller fills in the number of the block first.
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
    if (page !== undefined) await this.#write(page);
    if (this.#isClosed) return;
    this.#waiting.shift();
    this.#durableBlock++;
    this.#tellDurable();
  }

  async #write(page: LogPage): Promise<void> {
    const place = await this.#placeToWrite();
    const bytes = page.bytes.subarray(0, page.end);
    const spilled = { place, fileOffset: place.end, checksum: crc32(bytes) };
    place.userCount++;
    try {
      await place.file.write([bytes], place.end);
    } catch (error) {
      this.#leave(place);
      throw error;
    }
    place.end += bytes.length;
    this.#storedBytes += bytes.length;
    // Dropped while it was written, it is waited for no more.
    if (this.#waiting[0] === page) this.#pages.set(page, spilled);
    else this.#leave(place);
  }

  async #placeToWrite(): Promise<SpillFile> {
    const tail = this.#tail;
    if (tail !== undefined && tail.end < this.#fileBytesMax) return tail;
    const file = await this.#disk.create(`spill-${++this.#fileCount}.log`);
    this.#tail = { file, end: 0, userCount: 0 };
    return this.#tail;
  }

  #tellDurable(): void {
    try {
      this.onDurable();
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
      `storage: transient messages cannot be written to ${this.#disk.path} (${textOf(error)}): ` +
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

  #place(page: LogPage): SpilledPage {
    const spilled = this.#pages.get(page);
    if (spilled === undefined) throw new Error(`spill engine: page ${page.number} was not written to a file`);
    return spilled;
  }

  #readNow(place: SpillFile, target: Uint8Array, fileOffset: number): number {
    try {
      return place.file.readNow(target, fileOffset);
    } catch (error) {
      throw this.#readFailed(place, fileOffset, error);
    }
  }

  #readFailed({ file }: SpillFile, fileOffset: number, error: unknown): StorageError {
    return diskFailed(this.#disk.path, `reading ${file.name} at ${fileOffset}`, error);
  }

  #check({ file }: SpillFile, fileOffset: number, bytes: Uint8Array, checksum: number): void {
    if (crc32(bytes) === checksum) return;
    throw dataDamaged(
      this.#disk.path,
      `${file.name} has changed at offset ${fileOffset} since it was written`,
    );
  }

  /** One user of the file less: a page in it, or somebody who reads. */
  #leave(place: SpillFile): void {
    place.userCount--;
    if (place.userCount > 0 || this.#isClosed) return;
    if (this.#tail === place) this.#tail = undefined;
    this.#remove(place).catch((error: unknown) => {
      const text = `storage: ${place.file.name} in ${this.#disk.path} cannot be removed: ${textOf(error)}`;
      this.#options.events.onEvent({ level: 'warn', text });
    });
  }

  async #remove({ file, end }: SpillFile): Promise<void> {
    this.#storedBytes -= end;
    await this.#disk.remove(file.name);
    await file.close();
  }
}

/** A file that pages are in. */
interface SpillFile {
  readonly file: DiskFile;
  end: number;
  /** Pages in it, and those who read or write. At 0 it goes. */
  userCount: number;
}

/** Where a page lies, and the checksum of what was written. */
interface SpilledPage {
  readonly place: SpillFile;
  readonly fileOffset: number;
  readonly checksum: number;
}
