import type { Disk, DiskFile, DiskLock } from '../../src/storage/file/disk.ts';

/** A disk that keeps its files in this process. */
export class MemoryDisk implements Disk {
  readonly path = 'memory';
  readonly files = new Map<string, Uint8Array>();
  isLocked = false;
  /** Asked before each call that writes; what it returns is thrown. */
  fault: () => Error | undefined = () => undefined;

  async list(): Promise<readonly string[]> {
    return [...this.files.keys()];
  }

  async create(name: string): Promise<DiskFile> {
    this.#check();
    if (this.files.has(name)) throw new Error(`${name} is there`);
    this.files.set(name, new Uint8Array(0));
    return this.#file(name);
  }

  async open(name: string): Promise<DiskFile> {
    return this.#file(name);
  }

  async remove(name: string): Promise<void> {
    this.files.delete(name);
  }

  async rename(from: string, to: string): Promise<void> {
    this.files.set(to, this.#bytes(from));
    this.files.delete(from);
  }

  async syncDirectory(): Promise<void> {}

  async freeBytes(): Promise<number> {
    return 2 ** 40;
  }

  async lock(): Promise<DiskLock> {
    if (this.isLocked) throw new Error('it is locked');
    this.isLocked = true;
    return {
      release: async () => {
        this.isLocked = false;
      },
    };
  }

  #bytes(name: string): Uint8Array {
    const bytes = this.files.get(name);
    if (bytes === undefined) throw new Error(`${name} is not there`);
    return bytes;
  }

  #check(): void {
    const error = this.fault();
    if (error !== undefined) throw error;
  }

  #file(name: string): DiskFile {
    const read = (into: Uint8Array, at: number): number => {
      const found = this.#bytes(name).subarray(at, at + into.length);
      into.set(found);
      return found.length;
    };
    return {
      name,
      size: async () => this.#bytes(name).length,
      write: async (buffers, at) => {
        this.#check();
        this.files.set(name, written(this.#bytes(name), buffers, at));
      },
      sync: async () => {},
      read: async (into, at) => read(into, at),
      readNow: read,
      truncate: async (bytes) => {
        this.files.set(name, this.#bytes(name).slice(0, bytes));
      },
      close: async () => {},
    };
  }
}

function written(before: Uint8Array, buffers: readonly Uint8Array[], at: number): Uint8Array {
  const bytes = Buffer.concat(buffers);
  const after = new Uint8Array(Math.max(before.length, at + bytes.length));
  after.set(before);
  after.set(bytes, at);
  return after;
}
