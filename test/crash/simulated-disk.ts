import type { Disk, DiskFile, DiskLock } from '../../src/storage/file/disk.ts';
import type { DiskEvent, DiskImage, DiskOperation, WriteOperation } from './disk-operation.ts';

/*
 * A disk in memory that remembers every change in order. What a crash may leave of it is worked out later, from the journal
 * (crash-points.ts): the disk itself only behaves like one that never crashes.
 *
 *     Disk (of one process) --operation--> journal `begun` --> under way --> journal `done`, the effect is seen
 *
 * Operations complete at once; or, while the disk is held, one by one when the test says so.
 */

/** Bytes of a file as its readers see them. `bytes` may be longer than the file. */
interface Inode {
  readonly number: number;
  bytes: Uint8Array;
  size: number;
  /** False: the bytes belong to an image, and are copied before the first change. */
  owned: boolean;
}

/** An operation that fails, and how much of a write happens nevertheless. */
export interface DiskFault {
  readonly code: 'EIO' | 'ENOSPC';
  readonly bytesDone?: number;
}

/** Asked before each operation; `undefined` lets it succeed. */
export type DiskFaults = (operation: DiskOperation) => DiskFault | undefined;

interface UnderWay {
  readonly owner: DiskProcess;
  readonly text: string;
  /** Undefined for what changes nothing: a read. */
  readonly operation: DiskOperation | undefined;
  /** What the caller handed in for a write: it must not change meanwhile. */
  readonly source: readonly Uint8Array[];
  readonly fault: DiskFault | undefined;
  readonly resolve: () => void;
  readonly reject: (reason: Error) => void;
}

const NO_BYTES = new Uint8Array(0);
const FREE_BYTES = 2 ** 40;

export class SimulatedDisk {
  /** What was on it when it was made. */
  readonly initial: DiskImage;
  readonly journal: DiskEvent[] = [];
  /** Operations wait for `complete`. */
  held = false;
  /** As if the file system had only so much left. Nothing else follows from it. */
  freeBytes = FREE_BYTES;
  faults: DiskFaults = () => undefined;
  lockedBy: DiskProcess | undefined;
  readonly #names = new Map<string, Inode>();
  /** By number: an open file may have lost its name. */
  readonly #inodes: Inode[] = [];
  #underWay: UnderWay[] = [];

  /** The files of `image` have the numbers from 0 on, in its order. */
  constructor(image: DiskImage = new Map()) {
    this.initial = image;
    for (const [name, bytes] of image) {
      this.#names.set(name, this.#addInode({ bytes, size: bytes.length, owned: false }));
    }
  }

  /** The disk as one process sees it, until that process is killed. */
  mount(): DiskProcess {
    return new DiskProcess(this);
  }

  /** What is seen on it now, durable or not. */
  image(): Map<string, Uint8Array> {
    return new Map([...this.#names].map(([name, inode]) => [name, inode.bytes.slice(0, inode.size)]));
  }

  get underWayCount(): number {
    return this.#underWay.length;
  }

  /** Lets the operation at `index` of those that are under way happen. */
  complete(index: number): void {
    const [ended] = this.#underWay.splice(index, 1);
    if (ended === undefined)
      throw new RangeError(`no operation ${index}: ${this.underWayCount} are under way`);
    this.#end(ended);
  }

  /** `process` is no more: what it has under way happens or does not, and nobody hears of it. */
  kill(process: DiskProcess, happens: () => boolean): void {
    const lost = this.#underWay.filter(({ owner }) => owner === process);
    this.#underWay = this.#underWay.filter(({ owner }) => owner !== process);
    for (const { operation } of lost) {
      if (operation === undefined) continue;
      const isSync = operation.kind === 'sync' || operation.kind === 'sync-directory';
      const phase = !isSync && happens() ? 'done' : 'lost';
      if (phase === 'done') this.#apply(operation);
      this.journal.push({ phase, operation });
    }
    process.isKilled = true;
    if (this.lockedBy === process) this.lockedBy = undefined;
  }

  // ---- for DiskProcess ----

  /** Resolves when `operation` has happened; rejects when it was made to fail. */
  perform(owner: DiskProcess, operation: DiskOperation, source: readonly Uint8Array[] = []): Promise<void> {
    if (owner.isKilled) return new Promise(() => {});
    const fault = this.faults(operation);
    this.journal.push({ phase: 'begun', operation });
    if (!this.held) return this.#now(operation, fault);
    return this.#later(owner, operation.kind, operation, source, fault);
  }

  /** What changes nothing waits for its turn, too. */
  look(owner: DiskProcess, text: string): Promise<void> {
    if (owner.isKilled) return new Promise(() => {});
    return this.held ? this.#later(owner, text, undefined, [], undefined) : Promise.resolve();
  }

  names(): string[] {
    return [...this.#names.keys()];
  }

  inode(name: string): Inode {
    const inode = this.#names.get(name);
    if (inode === undefined) throw diskError('ENOENT', `no such file: '${name}'`);
    return inode;
  }

  exists(name: string): boolean {
    return this.#names.has(name);
  }

  makeInode(): Inode {
    return this.#addInode({ bytes: NO_BYTES, size: 0, owned: true });
  }

  // ---- inside ----

  #addInode(content: Omit<Inode, 'number'>): Inode {
    const inode = { number: this.#inodes.length, ...content };
    this.#inodes.push(inode);
    return inode;
  }

  #now(operation: DiskOperation, fault: DiskFault | undefined): Promise<void> {
    if (fault !== undefined) return Promise.reject(this.#fail(operation, fault));
    this.#apply(operation);
    this.journal.push({ phase: 'done', operation });
    return Promise.resolve();
  }

  #later(
    owner: DiskProcess,
    text: string,
    operation: DiskOperation | undefined,
    source: readonly Uint8Array[],
    fault: DiskFault | undefined,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#underWay.push({ owner, text, operation, source, fault, resolve, reject });
    });
  }

  #end({ operation, source, fault, resolve, reject }: UnderWay): void {
    if (operation === undefined) {
      resolve();
    } else if (fault !== undefined) {
      reject(this.#fail(operation, fault));
    } else {
      const name = operation.kind === 'write' ? this.#nameOf(operation.file) : '';
      // A page that was spilled and is not wanted any more goes at once: nobody will read what is being written.
      if (operation.kind === 'write' && !name.startsWith('spill-')) assertUnchanged(operation, source, name);
      this.#apply(operation);
      this.journal.push({ phase: 'done', operation });
      resolve();
    }
  }

  #fail(operation: DiskOperation, { code, bytesDone = 0 }: DiskFault): Error {
    this.journal.push({ phase: 'failed', operation });
    if (operation.kind === 'write' && bytesDone > 0) {
      const part = { ...operation, bytes: operation.bytes.subarray(0, bytesDone) };
      this.journal.push({ phase: 'begun', operation: part }, { phase: 'done', operation: part });
      this.#apply(part);
    }
    return diskError(code, `${operation.kind} failed, as the test wants it`);
  }

  #apply(operation: DiskOperation): void {
    switch (operation.kind) {
      case 'write':
        write(this.#file(operation.file), operation.bytes, operation.at);
        return;
      case 'truncate':
        truncate(this.#file(operation.file), operation.bytesLeft);
        return;
      case 'create':
        this.#names.set(operation.name, this.#file(operation.file));
        return;
      case 'remove':
        this.#names.delete(operation.name);
        return;
      case 'rename':
        this.#rename(operation.from, operation.to);
        return;
      case 'sync':
      case 'sync-directory':
      case 'close':
    }
  }

  #rename(from: string, to: string): void {
    const inode = this.inode(from);
    this.#names.delete(from);
    this.#names.set(to, inode);
  }

  #nameOf(file: number): string {
    const named = [...this.#names].find(([, { number }]) => number === file);
    return named?.[0] ?? `file ${file}`;
  }

  #file(number: number): Inode {
    const inode = this.#inodes[number];
    if (inode === undefined) throw new Error(`simulated disk: there is no file ${number}`);
    return inode;
  }
}

function write(inode: Inode, bytes: Uint8Array, at: number): void {
  const end = Math.max(inode.size, at + bytes.length);
  grow(inode, end);
  inode.bytes.set(bytes, at);
  inode.size = end;
}

function truncate(inode: Inode, bytesLeft: number): void {
  grow(inode, bytesLeft);
  if (bytesLeft < inode.size) inode.bytes.fill(0, bytesLeft, inode.size);
  inode.size = bytesLeft;
}

/** Room for `bytesMin`, in an array that belongs to this disk; what is beyond the file's end is zero. */
function grow(inode: Inode, bytesMin: number): void {
  if (inode.owned && bytesMin <= inode.bytes.length) return;
  const grown = new Uint8Array(Math.max(bytesMin, inode.owned ? inode.bytes.length * 2 : inode.size));
  grown.set(inode.bytes.subarray(0, inode.size));
  inode.bytes = grown;
  inode.owned = true;
}

function assertUnchanged({ at, bytes }: WriteOperation, source: readonly Uint8Array[], name: string): void {
  const now = Buffer.concat(source);
  if (Buffer.compare(now, bytes) === 0) return;
  const difference = bytes.findIndex((byte, index) => byte !== now[index]);
  throw new Error(`byte ${at + difference} of ${name} changed while it was being written`);
}

/** The disk of one process: what has been killed never gets an answer. */
export class DiskProcess implements Disk {
  readonly path = 'simulated-disk';
  isKilled = false;
  readonly #disk: SimulatedDisk;

  constructor(disk: SimulatedDisk) {
    this.#disk = disk;
  }

  async list(): Promise<readonly string[]> {
    await this.#disk.look(this, 'list');
    return this.#disk.names().filter((name) => !name.includes('/'));
  }

  async create(name: string): Promise<DiskFile> {
    const disk = this.#disk;
    if (disk.exists(name)) throw diskError('EEXIST', `'${name}' is there`);
    const inode = disk.makeInode();
    await disk.perform(this, { kind: 'create', name, file: inode.number });
    return new SimulatedFile(disk, this, name, inode);
  }

  async open(name: string): Promise<DiskFile> {
    await this.#disk.look(this, `open ${name}`);
    return new SimulatedFile(this.#disk, this, name, this.#disk.inode(name));
  }

  async remove(name: string): Promise<void> {
    this.#disk.inode(name);
    await this.#disk.perform(this, { kind: 'remove', name });
  }

  async rename(from: string, to: string): Promise<void> {
    const { number } = this.#disk.inode(from);
    await this.#disk.perform(this, { kind: 'rename', from, to, file: number });
  }

  syncDirectory(): Promise<void> {
    return this.#disk.perform(this, { kind: 'sync-directory' });
  }

  async freeBytes(): Promise<number> {
    await this.#disk.look(this, 'freeBytes');
    return this.#disk.freeBytes;
  }

  async lock(): Promise<DiskLock> {
    const disk = this.#disk;
    if (disk.lockedBy !== undefined) throw diskError('DATA_DIR_IN_USE', 'another process has the disk');
    disk.lockedBy = this;
    return {
      release: async () => {
        if (disk.lockedBy === this) disk.lockedBy = undefined;
      },
    };
  }
}

class SimulatedFile implements DiskFile {
  readonly name: string;
  readonly #disk: SimulatedDisk;
  readonly #owner: DiskProcess;
  readonly #inode: Inode;
  #isClosed = false;

  constructor(disk: SimulatedDisk, owner: DiskProcess, name: string, inode: Inode) {
    this.name = name;
    this.#disk = disk;
    this.#owner = owner;
    this.#inode = inode;
  }

  async size(): Promise<number> {
    this.#assertOpen();
    await this.#disk.look(this.#owner, `size of ${this.name}`);
    return this.#inode.size;
  }

  async write(buffers: readonly Uint8Array[], at: number): Promise<void> {
    this.#assertOpen();
    const bytes = new Uint8Array(Buffer.concat(buffers));
    await this.#disk.perform(this.#owner, { kind: 'write', file: this.#inode.number, at, bytes }, buffers);
  }

  async sync(): Promise<void> {
    this.#assertOpen();
    await this.#disk.perform(this.#owner, { kind: 'sync', file: this.#inode.number });
  }

  async read(into: Uint8Array, at: number): Promise<number> {
    this.#assertOpen();
    await this.#disk.look(this.#owner, `read ${this.name}`);
    return this.readNow(into, at);
  }

  readNow(into: Uint8Array, at: number): number {
    const { bytes, size } = this.#inode;
    const readBytes = Math.max(0, Math.min(into.length, size - at));
    into.set(bytes.subarray(at, at + readBytes));
    return readBytes;
  }

  async truncate(bytesLeft: number): Promise<void> {
    this.#assertOpen();
    await this.#disk.perform(this.#owner, { kind: 'truncate', file: this.#inode.number, bytesLeft });
  }

  async close(): Promise<void> {
    this.#assertOpen();
    this.#isClosed = true;
    await this.#disk.perform(this.#owner, { kind: 'close', file: this.#inode.number });
  }

  #assertOpen(): void {
    if (this.#isClosed) throw diskError('EBADF', `'${this.name}' is closed`);
  }
}

function diskError(code: string, text: string): Error {
  return Object.assign(new Error(`${code}: ${text}`), { code });
}
