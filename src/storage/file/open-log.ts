/**
 * Opens the log of one stream: reads it from front to back, mends its end, and makes sure that all of it is on the disk.
 *
 *     look at the headers of all segments ----------> damaged or missing: DATA_DAMAGED, nothing of this stream is changed
 *     read all blocks, hand out pages --------------> damaged or missing: DATA_DAMAGED, nothing of this stream is changed
 *     write what is not proven durable to a copy of its segment without the torn tail, and put it in its place
 *     sync every file, and the directory
 *     an empty last segment is about to be used: the last block of the one before says that it is there
 *     the last block says: a new incarnation, and everything so far is durable
 *
 * A crash at any step leaves a log that can be opened again, with the same result: a segment is replaced in one step, by
 * renaming, and what is cut off counts for nothing from the first of these steps on, because its incarnation is lower.
 *
 * What may not be durable is written again although it was read: after a failed sync, reading shows what the kernel has in
 * memory, not what is on the disk.
 */

import type { ReplayReceiver } from '../log-engine.ts';
import { BLOCK_HEADER_BYTES, type BlockContext, BlockHeader, makeSeal, readBlockHeader } from './block.ts';
import type { Disk, DiskFile } from './disk.ts';
import { LogReplay } from './log-replay.ts';
import { checkNoSalvageUnfinished, temporariesOf } from './salvage-mark.ts';
import { Segment } from './segment.ts';
import {
  decodeSegmentHeader,
  type FileStream,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
  segmentName,
  segmentNumberOf,
} from './segment-header.ts';
import { SegmentScanner } from './segment-scanner.ts';
import { makeSegment, SegmentSet } from './segment-set.ts';
import { dataDamaged, diskFailed, otherVersion, StorageError } from './storage-error.ts';
import type { StorageEvents } from './storage-events.ts';
import { keepTornTail, replaceSegment } from './tail-repair.ts';

export interface OpenedLog {
  readonly segments: SegmentSet;
  readonly identity: number;
  readonly incarnation: number;
  readonly lastBlock: number;
}

export interface OpenLogOptions {
  /** The identity of the log, should it not exist yet. */
  readonly identity: number;
  readonly events: StorageEvents;
}

/** A segment file before its blocks are read. */
interface FoundSegment {
  readonly number: number;
  readonly file: DiskFile;
  readonly size: number;
  readonly header: SegmentHeader;
  /** The number of its first block, or of the one that a seal in its place would be followed by; Infinity: it has none. */
  readonly firstBlock: number;
}

/** What reading has found. */
interface LogReading {
  readonly found: readonly FoundSegment[];
  /** A file that was about to become a segment when the broker ended. */
  readonly unfinished: number | undefined;
  readonly segments: Segment[];
  readonly replay: LogReplay;
}

export async function openLog(
  disk: Disk,
  stream: FileStream,
  options: OpenLogOptions,
  receiver: ReplayReceiver,
): Promise<OpenedLog> {
  const files: DiskFile[] = [];
  try {
    return await new LogOpening(disk, stream, options, files).open(receiver);
  } catch (error) {
    await Promise.allSettled(files.map((file) => file.close()));
    if (error instanceof StorageError || !isSystemError(error)) throw error;
    throw diskFailed(disk.path, `opening the ${stream} log`, error);
  }
}

/** Hands out what a start would, of a log that is there, without changing anything. Returns its files, oldest first. */
export async function readLog(
  disk: Disk,
  stream: FileStream,
  receiver: ReplayReceiver,
): Promise<readonly { readonly number: number; readonly name: string; readonly size: number }[]> {
  const files: DiskFile[] = [];
  try {
    const events = { onEvent: () => {}, onFailure: () => {}, onFull: () => {} };
    const { found } = await new LogOpening(disk, stream, { identity: 0, events }, files).read(receiver);
    if (found.length === 0) throw dataDamaged(disk.path, `all files ${stream}-*.log are missing or empty`);
    return found.map(({ number, file, size }) => ({ number, name: file.name, size }));
  } finally {
    await Promise.allSettled(files.map((file) => file.close()));
  }
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'code' in error;
}

class LogOpening {
  readonly #disk: Disk;
  readonly #stream: FileStream;
  readonly #options: OpenLogOptions;
  /** All that are open: whoever fails closes them. */
  readonly #files: DiskFile[];

  constructor(disk: Disk, stream: FileStream, options: OpenLogOptions, files: DiskFile[]) {
    this.#disk = disk;
    this.#stream = stream;
    this.#options = options;
    this.#files = files;
  }

  async open(receiver: ReplayReceiver): Promise<OpenedLog> {
    const reading = await this.read(receiver);
    await this.#tidy(reading.unfinished);
    return reading.found.length === 0 ? this.#makeLog() : this.#mend(reading);
  }

  /** Everything that does not change anything. */
  async read(receiver: ReplayReceiver): Promise<LogReading> {
    await checkNoSalvageUnfinished(this.#disk, this.#stream);
    const names = await this.#disk.list();
    const numbers = names.flatMap((name) => segmentNumberOf(this.#stream, name) ?? []).sort((a, b) => a - b);
    const found = await this.#findSegments(numbers);
    const unfinished = numbers.length > found.length ? numbers.at(-1) : undefined;
    const reading = { found, unfinished, ...(await this.#replay(found, receiver)) };
    if (found.length > 0) this.#check(found, reading.replay, unfinished);
    else if (unfinished !== undefined && unfinished > 1) throw this.#missing(unfinished - 1);
    return reading;
  }

  // ---- looking at the files ----

  /** All segments; without the last one if it was never finished. */
  async #findSegments(numbers: readonly number[]): Promise<FoundSegment[]> {
    const found: FoundSegment[] = [];
    for (const [index, number] of numbers.entries()) {
      const before = numbers[index - 1];
      if (before !== undefined && before + 1 !== number) {
        throw this.#missing(before + 1);
      }
      const segment = await this.#look(number, found[0]?.header.identity, index === numbers.length - 1);
      if (segment !== undefined) found.push(segment);
    }
    return found;
  }

  /** Undefined: a file that was about to become a segment when the broker ended. */
  async #look(
    number: number,
    identity: number | undefined,
    isLast: boolean,
  ): Promise<FoundSegment | undefined> {
    const name = segmentName(this.#stream, number);
    const file = await this.#open(name);
    const size = await file.size();
    const bytes = new Uint8Array(SEGMENT_HEADER_BYTES + BLOCK_HEADER_BYTES);
    const readBytes = await file.read(bytes, 0);
    const reading = decodeSegmentHeader(bytes.subarray(0, readBytes));
    if (reading.kind === 'other-version') throw otherVersion(this.#disk.path, name, reading.version);
    if (reading.kind === 'damaged') {
      if (isLast && size <= SEGMENT_HEADER_BYTES) return undefined;
      throw this.#damaged(
        `the header of ${name} is damaged (offset 0), which makes its ${size} bytes unreadable`,
      );
    }
    const { header } = reading;
    this.#checkOrigin(name, header, number, identity);
    return { number, file, size, header, firstBlock: firstBlockIn(bytes, readBytes, header) };
  }

  #checkOrigin(name: string, header: SegmentHeader, number: number, identity: number | undefined): void {
    if (header.stream !== this.#stream || header.number !== number) {
      const written = segmentName(header.stream as FileStream, header.number);
      throw this.#damaged(`${name} holds what was written to ${written}: files were renamed or exchanged`);
    }
    if (identity !== undefined && header.identity !== identity) {
      throw this.#damaged(`${name} belongs to another data directory than the segments before it`);
    }
  }

  // ---- reading the blocks ----

  async #replay(
    found: readonly FoundSegment[],
    receiver: ReplayReceiver,
  ): Promise<{ readonly segments: Segment[]; readonly replay: LogReplay }> {
    const scanner = new SegmentScanner(Math.max(0, ...found.map(({ size }) => size)));
    const replay = new LogReplay(scanner, receiver, found[0]?.number === 1 ? 1 : 0);
    const segments: Segment[] = [];
    for (const [index, { number, file, size, header }] of found.entries()) {
      const segment = new Segment(number, file, SEGMENT_HEADER_BYTES);
      segments.push(segment);
      const following = found
        .slice(index + 1)
        .find(({ firstBlock }) => firstBlock < Number.POSITIVE_INFINITY);
      replay.beginSegment(segment, following?.firstBlock ?? Number.POSITIVE_INFINITY);
      await scanner.scan({ number, file, size, identity: header.identity }, replay);
      replay.endSegment();
    }
    return { segments, replay };
  }

  #check(found: readonly FoundSegment[], replay: LogReplay, unfinished: number | undefined): void {
    const [oldest] = found as [FoundSegment];
    const newest = found.at(-1) as FoundSegment;
    const { expected, durableUpTo, oldestSegment, hole, damageBefore, contradiction } = replay;
    if (durableUpTo >= Math.max(1, expected)) {
      const where = hole ?? {
        segment: replay.newest ?? { number: oldest.number, end: SEGMENT_HEADER_BYTES },
      };
      const offset = hole?.offset ?? where.segment.end;
      const name = segmentName(this.#stream, where.segment.number);
      throw this.#damaged(
        `${name} is damaged or ends too early at offset ${offset}: block ${expected} is not there, ` +
          `and the blocks up to ${durableUpTo} were durable`,
      );
    }
    if (damageBefore !== undefined && damageBefore.segment.number >= oldestSegment) {
      const name = segmentName(this.#stream, damageBefore.segment.number);
      throw this.#damaged(`${name} is damaged at offset ${damageBefore.offset}, and holds nothing else`);
    }
    if (oldest.number > Math.max(1, oldestSegment)) {
      throw this.#missing(Math.max(1, oldestSegment));
    }
    if (contradiction !== undefined) {
      const name = segmentName(this.#stream, contradiction.segment.number);
      throw this.#damaged(
        `${name} at offset ${contradiction.offset} goes on before block ${expected}: a file before it holds blocks that ` +
          'had been cut off, and something between them is damaged',
      );
    }
    if (replay.isClosed) {
      const next = segmentName(this.#stream, newest.number + 1);
      throw this.#damaged(
        unfinished === undefined ? `${next} is missing` : `the header of ${next} is damaged`,
      );
    }
  }

  // ---- changing what is there ----

  async #makeLog(): Promise<OpenedLog> {
    const origin = { stream: this.#stream, identity: this.#options.identity, incarnation: 1 };
    const first = await makeSegment(this.#disk, origin, 1);
    return { segments: new SegmentSet(this.#disk, origin, [first]), ...origin, lastBlock: 0 };
  }

  /** Removes what an earlier run did not finish. Nothing of it was ever used. */
  async #tidy(unfinished: number | undefined): Promise<void> {
    const superfluous = await temporariesOf(this.#disk, this.#stream);
    if (unfinished !== undefined) {
      const file = this.#files.pop() as DiskFile;
      await file.close();
      superfluous.push(file.name);
    }
    for (const name of superfluous) await this.#disk.remove(name);
    if (superfluous.length > 0) await this.#disk.syncDirectory();
  }

  async #mend({ found, segments, replay }: LogReading): Promise<OpenedLog> {
    const { identity } = (found[0] as FoundSegment).header;
    const seen = Math.max(replay.incarnationSeen, ...found.map(({ header }) => header.incarnation));
    const lastBlock = replay.expected - 1;
    const context: BlockContext = {
      identity,
      segment: 0,
      durableUpTo: lastBlock,
      incarnation: seen + 1,
      oldestSegment: (segments[0] as Segment).number,
    };
    this.#reportPassedOver(replay);
    const isProven = replay.durableUpTo >= lastBlock;
    const newest = replay.newest ?? (segments[0] as Segment);
    for (const [index, segment] of segments.entries()) {
      const { file, size } = found[index] as FoundSegment;
      const isTorn = size > segment.end;
      if (isTorn) await this.#setAside(segment, size, context.incarnation);
      if (segment.number < newest.number) {
        // What is written behind a seal of a new incarnation counts; the segments behind this one are of older ones.
        if (isTorn) await file.truncate(segment.end);
        await file.sync();
      } else if (isTorn || (segment === newest && !isProven)) {
        segments[index] = await this.#replace(segment, context);
      } else {
        await file.sync();
      }
    }
    await this.#disk.syncDirectory();
    const [tail, previous] = [segments.at(-1) as Segment, segments.at(-2)];
    // Should the tail be lost together with all that is put in it now, nothing else would say that it was ever there.
    if (tail.firstBlock === 0 && previous !== undefined && !replay.isPreviousClosed)
      await appendSeal(previous, context, true);
    if (tail.file === found.at(-1)?.file) await appendSeal(tail, context, false);
    const origin = { stream: this.#stream, identity, incarnation: context.incarnation };
    return { segments: new SegmentSet(this.#disk, origin, segments), ...origin, lastBlock };
  }

  /** What was torn is kept where it can be looked at. It was never confirmed to anybody. */
  async #setAside(segment: Segment, size: number, incarnation: number): Promise<void> {
    const name = segmentName(this.#stream, segment.number);
    const kept = await keepTornTail(this.#disk, name, segment, size, incarnation);
    const bytes = size - segment.end;
    const text =
      `storage: ${name} ended in ${bytes} bytes, from offset ${segment.end} on, that were not completely written when ` +
      'the broker ended, and that nobody was told of: they were cut off, and ' +
      (kept === undefined ? 'there was no room to keep them' : `kept as ${kept}`);
    this.#options.events.onEvent({ level: 'warn', text });
  }

  async #replace(segment: Segment, context: BlockContext): Promise<Segment> {
    const seal = makeSeal(segment.end, { ...context, segment: segment.number }, false);
    await replaceSegment(this.#disk, segment.file, segment.end, seal);
    const { name } = segment.file;
    this.#files.splice(this.#files.indexOf(segment.file), 1);
    await segment.file.close();
    const replaced = new Segment(segment.number, await this.#open(name), segment.end + seal.length);
    replaced.firstBlock = segment.firstBlock;
    replaced.pageCount = segment.pageCount;
    return replaced;
  }

  #reportPassedOver(replay: LogReplay): void {
    for (const { segment, offset } of replay.passedOver) {
      const name = segmentName(this.#stream, segment.number);
      const text = `storage: ${name} holds bytes at offset ${offset} that are no block; no block is missing`;
      this.#options.events.onEvent({ level: 'warn', text });
    }
  }

  async #open(name: string): Promise<DiskFile> {
    const file = await this.#disk.open(name);
    this.#files.push(file);
    return file;
  }

  #damaged(loss: string): StorageError {
    return dataDamaged(this.#disk.path, loss);
  }

  #missing(number: number): StorageError {
    return this.#damaged(`${segmentName(this.#stream, number)} is missing`);
  }
}

function firstBlockIn(bytes: Uint8Array, readBytes: number, { identity, number }: SegmentHeader): number {
  if (readBytes < bytes.length) return Number.POSITIVE_INFINITY;
  const header = new BlockHeader();
  const view = new DataView(bytes.buffer);
  const at = SEGMENT_HEADER_BYTES;
  if (!readBlockHeader(bytes, view, at, identity, number, at, header)) return Number.POSITIVE_INFINITY;
  return header.isSeal ? header.sequence + 1 : header.sequence;
}

/**
 * Says in `segment`, which ends where it should, that a new incarnation begins; `closed`: and that the next segment is there,
 * with its name, durable.
 */
async function appendSeal(segment: Segment, context: BlockContext, closed: boolean): Promise<void> {
  const seal = makeSeal(segment.end, { ...context, segment: segment.number }, closed);
  await segment.file.write([seal], segment.end);
  await segment.file.sync();
  segment.end += seal.length;
}
