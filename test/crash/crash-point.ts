import type { DirectoryOperation, DiskImage, FileOperation } from './disk-operation.ts';

/*
 * What a disk may hold after a crash. Certain is what was synced. Of the rest, each *unit* is decided alone:
 *
 * - a sector that was written n times since it was synced holds any of its n + 1 contents: writes reach a disk through a
 *   cache that knows only the newest content, in any order, and tear between sectors;
 * - a file has any of the sizes that it had since, or ends at a sector boundary in between;
 * - a sector that counts to the file and never arrived shows zeros, or what the disk held there before;
 * - each change of the directory happened or not, each for itself. (A journal keeps their order; nobody should rely on it.)
 */

export const SECTOR_BYTES = 512;

/** What older files left where nothing arrived. */
const STALE_BYTE = 0xa5;

interface UnsureSector {
  readonly index: number;
  readonly unit: number;
  /** Contents by age, from the synced one on. */
  readonly contents: readonly Uint8Array[];
}

interface UnsureFile {
  readonly sizeUnit: number;
  readonly sizes: readonly number[];
  readonly sectors: readonly UnsureSector[];
  readonly syncedBytes: Uint8Array;
}

export class CrashPoint {
  /** How many events of the journal have happened at most. */
  eventCount: number;
  /** Unit i takes a value from 0 (as after the last sync) to `radices[i]` - 1 (the newest). */
  readonly radices: number[] = [];
  /** Which units are sizes of files. */
  readonly isSize: boolean[] = [];
  readonly #entries: ReadonlyMap<string, number>;
  readonly #contents: ReadonlyMap<number, Uint8Array>;
  readonly #directory: readonly DirectoryOperation[];
  readonly #directoryUnits: readonly number[];
  readonly #files = new Map<number, UnsureFile>();
  readonly #staleUnit: number;

  constructor(
    eventCount: number,
    entries: ReadonlyMap<string, number>,
    contents: ReadonlyMap<number, Uint8Array>,
    directory: readonly DirectoryOperation[],
    fileOperations: ReadonlyMap<number, readonly FileOperation[]>,
  ) {
    this.eventCount = eventCount;
    this.#entries = entries;
    this.#contents = contents;
    this.#directory = directory;
    this.#directoryUnits = directory.map(() => this.#addUnit(2));
    for (const [file, operations] of fileOperations) {
      if (operations.length > 0) this.#files.set(file, this.#unsureFile(file, operations));
    }
    this.#staleUnit = this.#addUnit(this.#files.size > 0 ? 2 : 1);
  }

  /** How many states there are; some of them look the same. */
  get stateCount(): number {
    return this.radices.reduce((product, radix) => product * radix, 1);
  }

  /** The disk in the state that `choice`, a value for each unit, stands for. */
  image(choice: readonly number[]): DiskImage {
    const image = new Map<string, Uint8Array>();
    for (const [name, file] of this.#chosenEntries(choice)) image.set(name, this.#chosenBytes(file, choice));
    return image;
  }

  #addUnit(radix: number, isSize = false): number {
    this.isSize.push(isSize);
    return this.radices.push(radix) - 1;
  }

  #unsureFile(file: number, operations: readonly FileOperation[]): UnsureFile {
    const syncedBytes = this.#contents.get(file) ?? new Uint8Array(0);
    const sizes = possibleSizes(syncedBytes.length, operations);
    const sizeUnit = this.#addUnit(sizes.length, true);
    const sectors = [...sectorContents(syncedBytes, operations)].map(([index, contents]) => ({
      index,
      unit: this.#addUnit(contents.length),
      contents,
    }));
    return { sizeUnit, sizes, sectors, syncedBytes };
  }

  #chosenEntries(choice: readonly number[]): Map<string, number> {
    const entries = new Map(this.#entries);
    for (const [index, operation] of this.#directory.entries()) {
      if (choice[this.#directoryUnits[index] as number] === 1) applyToDirectory(entries, operation);
    }
    return entries;
  }

  #chosenBytes(file: number, choice: readonly number[]): Uint8Array {
    const unsure = this.#files.get(file);
    if (unsure === undefined) return this.#contents.get(file) ?? new Uint8Array(0);
    const { sizes, sizeUnit, sectors, syncedBytes } = unsure;
    const bytes = new Uint8Array(sizes[choice[sizeUnit] as number] as number);
    bytes.set(syncedBytes.subarray(0, bytes.length));
    if (choice[this.#staleUnit] === 1) bytes.fill(STALE_BYTE, Math.min(syncedBytes.length, bytes.length));
    for (const { index, unit, contents } of sectors) {
      const value = choice[unit] as number;
      if (value > 0) copySector(contents[value] as Uint8Array, bytes, index * SECTOR_BYTES);
    }
    return bytes;
  }
}

/** A rename moves the file that it was about, whatever else has the name by now. */
export function applyToDirectory(entries: Map<string, number>, operation: DirectoryOperation): void {
  switch (operation.kind) {
    case 'create':
      entries.set(operation.name, operation.file);
      return;
    case 'remove':
      entries.delete(operation.name);
      return;
    case 'rename':
      if (entries.get(operation.from) === operation.file) entries.delete(operation.from);
      entries.set(operation.to, operation.file);
  }
}

/** The file with the operation in it. */
export function applyToBytes(bytes: Uint8Array, operation: FileOperation): Uint8Array {
  if (operation.kind === 'write' && operation.bytes.length === 0) return bytes;
  const { length } = bytes;
  const size =
    operation.kind === 'truncate'
      ? operation.bytesLeft
      : Math.max(length, operation.at + operation.bytes.length);
  const changed = new Uint8Array(size);
  changed.set(bytes.subarray(0, size));
  if (operation.kind === 'write') changed.set(operation.bytes, operation.at);
  return changed;
}

/** The synced size first, the newest last. */
function possibleSizes(syncedSize: number, operations: readonly FileOperation[]): number[] {
  const seen = [syncedSize];
  for (const operation of operations) {
    const last = seen.at(-1) as number;
    seen.push(
      operation.kind === 'truncate'
        ? operation.bytesLeft
        : Math.max(last, operation.at + operation.bytes.length),
    );
  }
  const newest = seen.at(-1) as number;
  const between = new Set(seen.slice(1, -1));
  const from = Math.min(...seen);
  const boundary = Math.ceil((from + 1) / SECTOR_BYTES) * SECTOR_BYTES;
  for (let size = boundary; size < Math.max(...seen); size += SECTOR_BYTES) between.add(size);
  between.delete(syncedSize);
  between.delete(newest);
  return newest === syncedSize && between.size === 0 ? [syncedSize] : [syncedSize, ...between, newest];
}

/** By sector, in the order of the first change: what it held, from the synced content on. */
function sectorContents(
  syncedBytes: Uint8Array,
  operations: readonly FileOperation[],
): Map<number, Uint8Array[]> {
  const sectors = new Map<number, Uint8Array[]>();
  let bytes = syncedBytes;
  for (const operation of operations) {
    const before = bytes;
    bytes = applyToBytes(before, operation);
    const [from, to] = changedRange(before.length, operation);
    for (let index = Math.floor(from / SECTOR_BYTES); index * SECTOR_BYTES < to; index++) {
      const at = index * SECTOR_BYTES;
      let contents = sectors.get(index);
      if (contents === undefined) sectors.set(index, (contents = [sectorOf(syncedBytes, at)]));
      contents.push(sectorOf(bytes, at));
    }
  }
  return sectors;
}

function changedRange(sizeBefore: number, operation: FileOperation): [from: number, to: number] {
  if (operation.kind === 'write') return [operation.at, operation.at + operation.bytes.length];
  return [Math.min(sizeBefore, operation.bytesLeft), sizeBefore];
}

/** A whole sector, with zeros behind the end of the file. */
function sectorOf(bytes: Uint8Array, at: number): Uint8Array {
  const sector = new Uint8Array(SECTOR_BYTES);
  sector.set(bytes.subarray(at, at + SECTOR_BYTES));
  return sector;
}

function copySector(sector: Uint8Array, bytes: Uint8Array, at: number): void {
  if (at < bytes.length) bytes.set(sector.subarray(0, Math.min(SECTOR_BYTES, bytes.length - at)), at);
}
