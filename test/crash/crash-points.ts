import { applyToBytes, applyToDirectory, CrashPoint, SECTOR_BYTES } from './crash-point.ts';
import type {
  DirectoryOperation,
  DiskEvent,
  DiskImage,
  DiskOperation,
  FileOperation,
  WriteOperation,
} from './disk-operation.ts';

/** An operation whose effect is not durable yet. */
interface Unsynced<O> {
  readonly operation: O;
  isDone: boolean;
}

/**
 * Follows the journal of a disk, and knows at each event what is durable and what is not.
 *
 * A sync makes durable what was done before it began. What a failed sync covered never becomes durable by a later one: the
 * kernel has forgotten that it is not; but it may have arrived all the same.
 */
class JournalFollower {
  readonly #entries: Map<string, number>;
  readonly #contents: Map<number, Uint8Array>;
  #directory: Unsynced<DirectoryOperation>[] = [];
  readonly #files = new Map<number, Unsynced<FileOperation>[]>();
  /** What each sync that is under way covers. */
  readonly #covered = new Map<DiskOperation, readonly Unsynced<DiskOperation>[]>();
  readonly #forgotten = new Set<Unsynced<DiskOperation>>();

  constructor(initial: DiskImage) {
    this.#entries = new Map([...initial.keys()].map((name, file) => [name, file]));
    this.#contents = new Map([...initial.values()].map((bytes, file) => [file, bytes]));
  }

  /** Returns whether a crash may leave something else behind than before. */
  follow({ phase, operation }: DiskEvent): boolean {
    switch (phase) {
      case 'begun':
        return this.#begun(operation);
      case 'done':
        return this.#done(operation);
      case 'failed':
        this.#forget(operation);
        return this.#lost(operation);
      case 'lost':
        return this.#lost(operation);
    }
  }

  point(eventCount: number): CrashPoint {
    const operations = new Map(
      [...this.#files].map(([file, unsynced]) => [file, unsynced.map(({ operation }) => operation)]),
    );
    const directory = this.#directory.map(({ operation }) => operation);
    return new CrashPoint(eventCount, new Map(this.#entries), new Map(this.#contents), directory, operations);
  }

  #begun(operation: DiskOperation): boolean {
    switch (operation.kind) {
      case 'write':
      case 'truncate':
        this.#unsynced(operation.file).push({ operation, isDone: false });
        return true;
      case 'create':
      case 'remove':
      case 'rename':
        this.#directory.push({ operation, isDone: false });
        return true;
      case 'sync':
        this.#cover(operation, this.#unsynced(operation.file));
        return false;
      case 'sync-directory':
        this.#cover(operation, this.#directory);
        return false;
      case 'close':
        return false;
    }
  }

  #done(operation: DiskOperation): boolean {
    switch (operation.kind) {
      case 'write':
      case 'truncate':
        becomeDone(this.#unsynced(operation.file), operation);
        return false;
      case 'create':
      case 'remove':
      case 'rename':
        becomeDone(this.#directory, operation);
        return false;
      case 'sync':
        return this.#fileSynced(operation.file, this.#takeCovered(operation));
      case 'sync-directory':
        return this.#directorySynced(this.#takeCovered(operation));
      case 'close':
        return false;
    }
  }

  /** The data of a file only: names are in the journal of a file system, which has an order. */
  #forget(operation: DiskOperation): void {
    if (operation.kind !== 'sync') return;
    for (const covered of this.#takeCovered(operation)) this.#forgotten.add(covered);
  }

  #lost(operation: DiskOperation): boolean {
    this.#covered.delete(operation);
    this.#directory = this.#directory.filter((each) => each.operation !== operation);
    for (const [file, unsynced] of this.#files) {
      this.#files.set(
        file,
        unsynced.filter((each) => each.operation !== operation),
      );
    }
    return true;
  }

  #unsynced(file: number): Unsynced<FileOperation>[] {
    let unsynced = this.#files.get(file);
    if (unsynced === undefined) this.#files.set(file, (unsynced = []));
    return unsynced;
  }

  #cover(sync: DiskOperation, unsynced: readonly Unsynced<DiskOperation>[]): void {
    this.#covered.set(
      sync,
      unsynced.filter((each) => each.isDone && !this.#forgotten.has(each)),
    );
  }

  #takeCovered(sync: DiskOperation): readonly Unsynced<DiskOperation>[] {
    const covered = this.#covered.get(sync) ?? [];
    this.#covered.delete(sync);
    return covered;
  }

  #fileSynced(file: number, covered: readonly Unsynced<DiskOperation>[]): boolean {
    const unsynced = this.#unsynced(file);
    let left: Unsynced<FileOperation>[] = [];
    let bytes = this.#contents.get(file) ?? new Uint8Array(0);
    for (const each of unsynced) {
      if (!covered.includes(each)) {
        left.push(each);
        continue;
      }
      // What older writes left in the same sectors arrives with them, and is behind them.
      for (const { operation } of left) bytes = applyToBytes(bytes, within(operation, each.operation));
      left = left.flatMap((older) => this.#beside(older, each.operation));
      bytes = applyToBytes(bytes, each.operation);
    }
    this.#contents.set(file, bytes);
    this.#files.set(file, left);
    return left.length < unsynced.length;
  }

  /** What is still open of `older` once `newer` is durable. Nobody heard of its success, so no later sync covers it. */
  #beside(older: Unsynced<FileOperation>, newer: FileOperation): Unsynced<FileOperation>[] {
    const rest = beside(older.operation, newer).map((operation) => ({ ...older, operation }));
    if (this.#forgotten.has(older)) for (const each of rest) this.#forgotten.add(each);
    return rest;
  }

  #directorySynced(covered: readonly Unsynced<DiskOperation>[]): boolean {
    const before = this.#directory;
    let left: Unsynced<DirectoryOperation>[] = [];
    for (const each of before) {
      if (!covered.includes(each)) {
        left.push(each);
        continue;
      }
      const names = namesOf(each.operation);
      left = left.filter(({ operation }) => !namesOf(operation).some((name) => names.includes(name)));
      applyToDirectory(this.#entries, each.operation);
    }
    this.#directory = left;
    return left.length < before.length;
  }
}

function namesOf(operation: DirectoryOperation): string[] {
  return operation.kind === 'rename' ? [operation.from, operation.to] : [operation.name];
}

/** The sectors that an operation is about. */
function sectorsOf(operation: FileOperation): [from: number, to: number] {
  if (operation.kind === 'truncate') return [operation.bytesLeft, Number.POSITIVE_INFINITY];
  const end = operation.at + operation.bytes.length;
  return [
    Math.floor(operation.at / SECTOR_BYTES) * SECTOR_BYTES,
    Math.ceil(end / SECTOR_BYTES) * SECTOR_BYTES,
  ];
}

/** The part of `older` in the sectors of `newer`. */
function within(older: FileOperation, newer: FileOperation): FileOperation {
  if (older.kind === 'truncate') return older;
  const [from, to] = sectorsOf(newer);
  return part(older, from, to);
}

/** The parts of `older` beside the sectors of `newer`. */
function beside(older: FileOperation, newer: FileOperation): FileOperation[] {
  if (older.kind === 'truncate') return [];
  const [from, to] = sectorsOf(newer);
  return [part(older, 0, from), part(older, to, Number.POSITIVE_INFINITY)].filter(
    ({ bytes }) => bytes.length > 0,
  );
}

function part({ kind, file, at, bytes }: WriteOperation, from: number, to: number): WriteOperation {
  const start = Math.min(Math.max(from - at, 0), bytes.length);
  const end = Math.max(start, Math.min(to - at, bytes.length));
  return { kind, file, at: at + start, bytes: bytes.subarray(start, end) };
}

function becomeDone<O>(unsynced: readonly Unsynced<O>[], operation: O): void {
  const found = unsynced.find((each) => each.operation === operation);
  if (found !== undefined) found.isDone = true;
}

/**
 * One point for each difference that a crash could make, from event `from` of the journal to its end. A point stands for
 * all moments until the next one; its `eventCount` is that of the last of them.
 */
export function* crashPoints(
  initial: DiskImage,
  journal: readonly DiskEvent[],
  from = 0,
): Generator<CrashPoint> {
  const follower = new JournalFollower(initial);
  let before = follower.point(0);
  for (const [index, event] of journal.entries()) {
    const isNew = follower.follow(event);
    if (index + 1 <= from) {
      if (isNew) before = follower.point(index + 1);
      continue;
    }
    if (!isNew) continue;
    before.eventCount = index;
    yield before;
    before = follower.point(index + 1);
  }
  before.eventCount = journal.length;
  yield before;
}
