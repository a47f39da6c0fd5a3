import type { Disk, DiskFile, DiskLock } from '../../src/storage/file/disk.ts';

export type DiskCall =
  | 'close'
  | 'create'
  | 'read'
  | 'remove'
  | 'rename'
  | 'sync'
  | 'syncDirectory'
  | 'truncate'
  | 'write';

/** Asked before each call; what it returns is thrown, after `bytesDone` bytes of a write. */
export type Fault = (call: DiskCall, name: string) => Error | undefined;

export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: as the test wants it`), { code });
}

/** A disk that fails where a test wants it to. */
export class FaultyDisk implements Disk {
  readonly path: string;
  fault: Fault = () => undefined;
  /** Of a write that fails: how many bytes of its first buffer are written nevertheless. */
  bytesDone = 0;
  /** What `freeBytes` says. */
  free = 2 ** 40;
  /** All calls that change something, as `write main-0000000001.log`. */
  readonly calls: string[] = [];
  readonly #disk: Disk;

  constructor(disk: Disk) {
    this.#disk = disk;
    this.path = disk.path;
  }

  check(call: DiskCall, name: string): void {
    if (call !== 'read') this.calls.push(`${call} ${name}`);
    const error = this.fault(call, name);
    if (error !== undefined) throw error;
  }

  list(): Promise<readonly string[]> {
    return this.#disk.list();
  }

  async create(name: string): Promise<DiskFile> {
    this.check('create', name);
    return new FaultyFile(this, await this.#disk.create(name));
  }

  async open(name: string): Promise<DiskFile> {
    return new FaultyFile(this, await this.#disk.open(name));
  }

  async remove(name: string): Promise<void> {
    this.check('remove', name);
    await this.#disk.remove(name);
  }

  async rename(from: string, to: string): Promise<void> {
    this.check('rename', to);
    await this.#disk.rename(from, to);
  }

  async syncDirectory(): Promise<void> {
    this.check('syncDirectory', '.');
    await this.#disk.syncDirectory();
  }

  async freeBytes(): Promise<number> {
    return this.free;
  }

  lock(): Promise<DiskLock> {
    return this.#disk.lock();
  }
}

class FaultyFile implements DiskFile {
  readonly name: string;
  readonly #disk: FaultyDisk;
  readonly #file: DiskFile;

  constructor(disk: FaultyDisk, file: DiskFile) {
    this.#disk = disk;
    this.#file = file;
    this.name = file.name;
  }

  size(): Promise<number> {
    return this.#file.size();
  }

  async write(buffers: readonly Uint8Array[], at: number): Promise<void> {
    try {
      this.#disk.check('write', this.name);
    } catch (error) {
      const [first] = buffers;
      if (first !== undefined && this.#disk.bytesDone > 0) {
        await this.#file.write([first.subarray(0, this.#disk.bytesDone)], at);
      }
      throw error;
    }
    await this.#file.write(buffers, at);
  }

  async sync(): Promise<void> {
    this.#disk.check('sync', this.name);
    await this.#file.sync();
  }

  async read(into: Uint8Array, at: number): Promise<number> {
    this.#disk.check('read', this.name);
    return this.#file.read(into, at);
  }

  readNow(into: Uint8Array, at: number): number {
    this.#disk.check('read', this.name);
    return this.#file.readNow(into, at);
  }

  async truncate(bytes: number): Promise<void> {
    this.#disk.check('truncate', this.name);
    await this.#file.truncate(bytes);
  }

  async close(): Promise<void> {
    await this.#file.close();
    this.#disk.check('close', this.name);
  }
}
