/**
 * The one door to the file system: every file operation of the storage layer goes through it, so that a test can record
 * them, fail them, and throw away what was not synced. All names are of files in one data directory, or one level below it.
 */

export interface Disk {
  /** The data directory, for messages. */
  readonly path: string;
  /**
   * Names of the files in the data directory, or in a folder of it, in no order; directories are not among them. A folder
   * that is not there has none.
   */
  list(folder?: string): Promise<readonly string[]>;
  /** Makes a file; fails when it is there. */
  create(name: string): Promise<DiskFile>;
  /** Opens a file for reading and writing. */
  open(name: string): Promise<DiskFile>;
  remove(name: string): Promise<void>;
  /** Replaces `to` if it is there. A directory in `to` is made when it is missing. */
  rename(from: string, to: string): Promise<void>;
  /** Makes names durable: files that were created, renamed or removed. */
  syncDirectory(): Promise<void>;
  /** What the file system has left for this process. */
  freeBytes(): Promise<number>;
  /** Keeps every other broker out of the directory. Throws a StorageError DATA_DIR_IN_USE that says who is in. */
  lock(): Promise<DiskLock>;
}

export interface DiskLock {
  release(): Promise<void>;
}

export interface DiskFile {
  readonly name: string;
  size(): Promise<number>;
  /** Writes all of it, one buffer behind the other, from offset `at` on. The bytes must not change meanwhile. */
  write(buffers: readonly Uint8Array[], at: number): Promise<void>;
  /** Makes what was written before the call durable, with the size of the file. */
  sync(): Promise<void>;
  /** Fills `into` from offset `at` on; returns how many bytes there were. */
  read(into: Uint8Array, at: number): Promise<number>;
  /** The same, at once. */
  readNow(into: Uint8Array, at: number): number;
  truncate(bytes: number): Promise<void>;
  close(): Promise<void>;
}
