import type { DiskFile } from './disk.ts';

/** A file of the log, and what of it still counts. */
export class Segment {
  readonly number: number;
  readonly file: DiskFile;
  /** Offset behind the last block that is durable. */
  end: number;
  /** The first block in it; 0 while there is none. */
  firstBlock = 0;
  /** Pages in it that were not dropped. */
  pageCount = 0;
  /** What `lastBlock` was when its last page was dropped: a block behind that one may say that the segment is superfluous. */
  emptiedAt = 0;
  /** How many are reading from it. */
  #readerCount = 0;
  #whenUnread: (() => void) | undefined;

  constructor(number: number, file: DiskFile, end: number) {
    this.number = number;
    this.file = file;
    this.end = end;
  }

  /** Runs `read` with the file open, even if the segment is removed meanwhile. */
  async whileOpen<T>(read: () => Promise<T>): Promise<T> {
    this.#readerCount++;
    try {
      return await read();
    } finally {
      this.#readerCount--;
      if (this.#readerCount === 0) this.#whenUnread?.();
    }
  }

  /** Closes the file when nobody reads from it any more. */
  async close(): Promise<void> {
    if (this.#readerCount > 0) {
      await new Promise<void>((resolve) => {
        this.#whenUnread = resolve;
      });
    }
    await this.file.close();
  }
}
