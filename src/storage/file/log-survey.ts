/**
 * What is in the files of one stream, sound or not: what a salvage would keep, and what is lost. It follows the rules by which
 * a start decides what belongs to the log (log-replay.ts), but goes on where a start would stop.
 *
 * A block that is lost is replaced by an empty one with its number, so that the numbers have no gap afterwards:
 *
 *      found      | 7 | 8 | damaged | 11 | 12, more |  end of the segment
 *      kept       | 7 | 8 | (9) (10)| 11 |
 *
 * A group without its end, or with a hole, is lost as a whole.
 */

import { randomInt } from 'node:crypto';
import { BLOCK_HEADER_BYTES, BlockHeader, findBlockHeader, identityAt, readBlockHeader } from './block.ts';
import type { Disk, DiskFile } from './disk.ts';
import {
  decodeSegmentHeader,
  type FileStream,
  SEGMENT_HEADER_BYTES,
  segmentName,
  segmentNumberOf,
} from './segment-header.ts';
import { type ScanVisitor, SegmentScanner } from './segment-scanner.ts';

/** Something that is not as it was written. */
export interface StoragePlace {
  readonly file: string;
  readonly offset: number;
  readonly bytes: number;
  /** What it means, as a sentence without a full stop. */
  readonly text: string;
}

/** What a segment consists of after a salvage: blocks as they lie in its file, or empty ones with these numbers. */
export type SalvagedPiece =
  | { readonly kind: 'blocks'; readonly from: number; to: number }
  | { readonly kind: 'empty'; readonly first: number; readonly last: number; readonly incarnation: number };

/** One segment, as far as it was found. */
export interface SurveyedSegment {
  readonly number: number;
  /** The file that holds it, whatever its name is; undefined: it is missing. */
  readonly file: string | undefined;
  readonly size: number;
  /** Of the broker that made it; where that cannot be read, of the one that wrote the block before. */
  readonly incarnation: number;
  readonly pieces: SalvagedPiece[];
  blockCount: number;
  isClosed: boolean;
  /** A start would not accept it as it is. */
  isDamaged: boolean;
}

export interface LogSurvey {
  readonly stream: FileStream;
  readonly segments: readonly SurveyedSegment[];
  readonly identity: number;
  /** The highest found. */
  readonly incarnation: number;
  readonly lastBlock: number;
  /** What was durable and is not there. */
  readonly losses: readonly StoragePlace[];
  /** What is wrong without loss: the next start mends it, or can do without it. */
  readonly remarks: readonly StoragePlace[];
}

/** A file that claims to be a segment. */
interface SegmentFile {
  readonly name: string;
  readonly number: number;
  readonly size: number;
  /** Undefined, as `incarnation`: its header is damaged. */
  readonly identity: number | undefined;
  readonly incarnation: number | undefined;
  readonly first: BlockHeader | undefined;
}

/** Undefined: there is no file of this stream, or nothing in any of them. */
export async function surveyLog(disk: Disk, stream: FileStream): Promise<LogSurvey | undefined> {
  const files = await findFiles(disk, stream);
  if (files.every(({ identity, size }) => identity === undefined && size <= SEGMENT_HEADER_BYTES))
    return undefined;
  return new LogSurveyor(disk, stream, files).survey();
}

/** The files of `stream`: by what their headers say, and only where these are damaged by their names. */
async function findFiles(disk: Disk, stream: FileStream): Promise<SegmentFile[]> {
  const found: SegmentFile[] = [];
  for (const name of await disk.list()) {
    const named = segmentNumberOf('main', name) ?? segmentNumberOf('cold', name);
    if (named === undefined) continue;
    const file = await disk.open(name);
    try {
      const segment = await lookAt(file, name, named, stream);
      if (segment !== undefined) found.push(segment);
    } finally {
      await file.close();
    }
  }
  return found.sort((a, b) => a.number - b.number || (a.identity === undefined ? 1 : -1));
}

async function lookAt(
  file: DiskFile,
  name: string,
  named: number,
  stream: FileStream,
): Promise<SegmentFile | undefined> {
  const size = await file.size();
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES + BLOCK_HEADER_BYTES);
  const readBytes = await file.read(bytes, 0);
  const reading = decodeSegmentHeader(bytes.subarray(0, readBytes));
  if (reading.kind !== 'sound') {
    if (!name.startsWith(`${stream}-`)) return undefined;
    return { name, number: named, size, identity: undefined, incarnation: undefined, first: undefined };
  }
  const { header } = reading;
  if (header.stream !== stream) return undefined;
  const { number, identity, incarnation } = header;
  return { name, number, size, identity, incarnation, first: firstBlockOf(bytes, header) };
}

function firstBlockOf(
  bytes: Uint8Array,
  { identity, number }: { readonly identity: number; readonly number: number },
): BlockHeader | undefined {
  const header = new BlockHeader();
  const at = SEGMENT_HEADER_BYTES;
  return readBlockHeader(bytes, new DataView(bytes.buffer), at, identity, number, at, header)
    ? header
    : undefined;
}

class LogSurveyor implements ScanVisitor {
  readonly keepFrom: number = Number.POSITIVE_INFINITY;
  readonly #disk: Disk;
  readonly #stream: FileStream;
  readonly #files: readonly SegmentFile[];
  readonly #segments: SurveyedSegment[] = [];
  readonly #losses: StoragePlace[] = [];
  readonly #remarks: StoragePlace[] = [];
  /** The number of the next block; 0: any. */
  #expected = 0;
  #incarnation = 0;
  #incarnationSeen = 0;
  #durableUpTo = 0;
  /** What the newest block says; 0: none was found. */
  #oldestSegment = 0;
  #limit = Number.POSITIVE_INFINITY;
  #segment!: SurveyedSegment;
  /** The group that is not complete yet; its first block is 0 when none is open. */
  #groupStart = 0;
  #group: { from: number; to: number; count: number } = { from: 0, to: 0, count: 0 };
  /** Damaged places since the last block that was taken. */
  #damages: StoragePlace[] = [];
  /** Damaged places in files before the one with the oldest block: that matters if these files still count. */
  #damagesBefore: StoragePlace[] = [];

  constructor(disk: Disk, stream: FileStream, files: readonly SegmentFile[]) {
    this.#disk = disk;
    this.#stream = stream;
    this.#files = files;
  }

  async survey(): Promise<LogSurvey> {
    const [oldest] = this.#files as [SegmentFile];
    const newest = this.#files.at(-1) as SegmentFile;
    const identity =
      this.#files.find((file) => file.identity !== undefined)?.identity ?? (await this.#guessIdentity());
    this.#expected = oldest.number === 1 ? 1 : 0;
    const scanner = new SegmentScanner(Math.max(...this.#files.map(({ size }) => size)));
    for (let number = oldest.number; number <= newest.number; number++) {
      await this.#surveySegment(number, identity, scanner);
    }
    this.#surveyBegin(oldest);
    this.#surveyEnd(newest);
    return {
      stream: this.#stream,
      segments: this.#segments,
      identity,
      incarnation: this.#incarnationSeen,
      lastBlock: Math.max(0, this.#expected - 1),
      losses: this.#losses,
      remarks: this.#remarks,
    };
  }

  // ---- one segment ----

  async #surveySegment(number: number, identity: number, scanner: SegmentScanner): Promise<void> {
    const found = this.#files.find((file) => file.number === number);
    this.#incarnationSeen = Math.max(this.#incarnationSeen, found?.incarnation ?? 0);
    const name = segmentName(this.#stream, number);
    this.#segment = {
      number,
      file: found?.name,
      size: found?.size ?? 0,
      incarnation: found?.incarnation ?? Math.max(1, this.#incarnation),
      pieces: [],
      blockCount: 0,
      isClosed: false,
      isDamaged: found === undefined || found.name !== name || found.identity !== identity,
    };
    this.#segments.push(this.#segment);
    if (found === undefined) {
      this.#damages.push({ file: name, offset: 0, bytes: 0, text: 'the file is missing' });
      return;
    }
    if (found.name !== name) this.#note(this.#losses, 0, 0, `holds what belongs into ${name}`);
    else if (found.identity === undefined) this.#noteHeader(found);
    this.#limit = this.#firstBlockBehind(number);
    const file = await this.#disk.open(found.name);
    try {
      await scanner.scan({ file, number, size: found.size, identity }, this);
    } finally {
      await file.close();
    }
    this.#dropGroup();
  }

  #noteHeader(found: SegmentFile): void {
    const isUnfinished = found.size <= SEGMENT_HEADER_BYTES && found === this.#files.at(-1);
    const isClosed = this.#segments.at(-2)?.isClosed ?? false;
    this.#segment.isDamaged = !isUnfinished || isClosed;
    if (this.#segment.isDamaged)
      this.#note(this.#losses, 0, SEGMENT_HEADER_BYTES, 'the header of the file is damaged');
    else this.#note(this.#remarks, 0, found.size, 'was never finished');
  }

  #firstBlockBehind(number: number): number {
    const first = this.#files.find((file) => file.number > number && file.first !== undefined)?.first;
    if (first === undefined) return Number.POSITIVE_INFINITY;
    return first.isSeal ? first.sequence + 1 : first.sequence;
  }

  onBlock(header: BlockHeader, from: number, to: number): boolean {
    this.#incarnationSeen = Math.max(this.#incarnationSeen, header.incarnation);
    if (header.incarnation < this.#incarnation) return true;
    if (header.incarnation > this.#incarnation) this.#onNewIncarnation(header, from, to);
    this.#durableUpTo = Math.max(this.#durableUpTo, header.durableUpTo);
    if (header.isSeal) {
      this.#onSeal(header);
    } else if (header.sequence >= this.#limit) {
      return false;
    } else {
      this.#onNumbered(header, from, to);
    }
    return true;
  }

  /** Had a broker gone on before what was taken here, then that had been cut off: what is kept is one of two versions. */
  #onNewIncarnation(header: BlockHeader, from: number, to: number): void {
    this.#dropGroup();
    const next = header.isSeal ? header.sequence + 1 : header.sequence;
    if (next >= this.#expected) return;
    this.#segment.isDamaged = true;
    const text = `blocks from ${next} to ${this.#expected - 1} are there twice, and the later ones are left out`;
    this.#note(this.#losses, from, to - from, text);
  }

  #onSeal(header: BlockHeader): void {
    this.#dropGroup();
    this.#segment.isClosed ||= header.isClosed;
    if (this.#expected === 0) this.#begin(header.sequence + 1);
    if (header.sequence < this.#expected) this.#believe(header);
    if (header.sequence === this.#expected - 1) this.#rememberDamages();
  }

  #onNumbered(header: BlockHeader, from: number, to: number): void {
    const { sequence } = header;
    if (this.#expected === 0) this.#begin(sequence);
    if (sequence < this.#expected) return;
    if (sequence > this.#expected) this.#dropGroup();
    // The beginning of its group is lost: so is the rest.
    if (header.isContinued && this.#groupStart === 0) return;
    if (sequence > this.#expected) {
      this.#lose(sequence, header.incarnation, from);
    }
    this.#take(header, from, to);
  }

  /** The oldest block that is left. What lies damaged before it in its file was one, too. */
  #begin(sequence: number): void {
    const { file } = this.#segment;
    this.#damagesBefore.push(...this.#damages.filter((damage) => damage.file !== file));
    this.#damages = this.#damages.filter((damage) => damage.file === file);
    this.#expected = this.#damages.length === 0 ? sequence : Math.max(1, sequence - 1);
  }

  #take(header: BlockHeader, from: number, to: number): void {
    if (this.#groupStart === 0) {
      this.#rememberDamages();
      this.#groupStart = header.sequence;
      this.#group = { from, to, count: 0 };
    }
    this.#group.to = to;
    this.#group.count++;
    this.#expected = header.sequence + 1;
    this.#believe(header);
    if (header.more) return;
    this.#groupStart = 0;
    this.#keep(this.#group);
  }

  #believe(header: BlockHeader): void {
    this.#incarnation = header.incarnation;
    this.#oldestSegment = header.oldestSegment;
  }

  #keep({ from, to, count }: { readonly from: number; readonly to: number; readonly count: number }): void {
    const { pieces } = this.#segment;
    this.#segment.blockCount += count;
    const last = pieces.at(-1);
    if (last?.kind === 'blocks' && last.to === from) last.to = to;
    else pieces.push({ kind: 'blocks', from, to });
  }

  /** Blocks from the expected one to before `next` are lost. They may have been in a segment before this one. */
  #lose(next: number, incarnation: number, offset: number): void {
    const before = this.#segments.at(-2);
    const into =
      this.#segment.pieces.length === 0 && before?.file === undefined && before ? before : this.#segment;
    into.isDamaged = true;
    const last = next - 1;
    into.pieces.push({
      kind: 'empty',
      first: this.#expected,
      last,
      incarnation: this.#incarnation || incarnation,
    });
    this.#noteLoss(this.#expected, last, offset);
    this.#expected = next;
  }

  #noteLoss(first: number, last: number, offset: number): void {
    const text = first === last ? `block ${first} is lost` : `blocks ${first} to ${last} are lost`;
    if (this.#damages.length === 0) this.#note(this.#losses, offset, 0, text);
    for (const damage of this.#damages) this.#losses.push({ ...damage, text: `${damage.text}: ${text}` });
    this.#damages = [];
  }

  #dropGroup(): void {
    if (this.#groupStart === 0) return;
    const { from, to } = this.#group;
    this.#damages.push(this.#place(from, to - from, 'a group of blocks is not complete'));
    this.#expected = this.#groupStart;
    this.#groupStart = 0;
  }

  onDamage(from: number): boolean {
    this.#dropGroup();
    if (this.#expected < this.#limit) return true;
    this.#note(this.#remarks, from, this.#segment.size - from, 'no block, but no block is missing');
    return false;
  }

  onTornBlock(header: BlockHeader): void {
    this.#incarnationSeen = Math.max(this.#incarnationSeen, header.incarnation);
    if (header.incarnation >= this.#incarnation) {
      this.#durableUpTo = Math.max(this.#durableUpTo, header.durableUpTo);
    }
  }

  onDamageEnd(from: number, to: number): void {
    this.#damages.push(this.#place(from, to - from, 'damaged'));
  }

  onWindowFull(): void {}

  // ---- both ends ----

  #surveyBegin(oldest: SegmentFile): void {
    for (const damage of this.#damagesBefore) {
      const segment = this.#segments.find(({ file }) => file === damage.file) as SurveyedSegment;
      segment.isDamaged = segment.number >= this.#oldestSegment;
      if (segment.isDamaged)
        this.#losses.push({ ...damage, text: 'damaged, and the file holds nothing else' });
      else this.#remarks.push({ ...damage, text: 'no block, in a file that is superfluous' });
    }
    for (let number = Math.max(1, this.#oldestSegment); number < oldest.number; number++) {
      const file = segmentName(this.#stream, number);
      this.#losses.push({
        file,
        offset: 0,
        bytes: 0,
        text: 'the file is missing, with all blocks that were in it',
      });
    }
  }

  #surveyEnd(newest: SegmentFile): void {
    const last = this.#segments.at(-1) as SurveyedSegment;
    if (this.#durableUpTo >= Math.max(1, this.#expected)) {
      last.isDamaged = true;
      this.#noteLoss(Math.max(1, this.#expected), this.#durableUpTo, newest.size);
    }
    if (last.isClosed) {
      const file = segmentName(this.#stream, last.number + 1);
      this.#losses.push({
        file,
        offset: 0,
        bytes: 0,
        text: 'the file is missing, with all blocks that were in it',
      });
    }
    for (const damage of this.#damages) {
      this.#remarks.push({
        ...damage,
        text: 'never completed and never confirmed: the next start cuts it off',
      });
    }
  }

  /** The log goes on behind them without a gap. */
  #rememberDamages(): void {
    for (const damage of this.#damages) {
      const isMissing = damage.bytes === 0;
      (isMissing ? this.#losses : this.#remarks).push({
        ...damage,
        text: `${damage.text}, but no block is missing`,
      });
    }
    this.#damages = [];
  }

  #note(places: StoragePlace[], offset: number, bytes: number, text: string): void {
    places.push(this.#place(offset, bytes, text));
  }

  #place(offset: number, bytes: number, text: string): StoragePlace {
    const file = this.#segment.file ?? segmentName(this.#stream, this.#segment.number);
    return { file, offset, bytes, text };
  }

  /** No header of a segment is sound: the first block that is names the identity. Without any, every one will do. */
  async #guessIdentity(): Promise<number> {
    for (const { name, number } of this.#files) {
      const file = await this.#disk.open(name);
      try {
        const identity = await identityIn(file, number);
        if (identity !== undefined) return identity;
      } finally {
        await file.close();
      }
    }
    return randomInt(2 ** 32);
  }
}

async function identityIn(file: DiskFile, number: number): Promise<number | undefined> {
  const bytes = new Uint8Array(await file.size());
  const size = await file.read(bytes, 0);
  const view = new DataView(bytes.buffer);
  const header = new BlockHeader();
  for (let at = findBlockHeader(bytes, 0, size); at >= 0; at = findBlockHeader(bytes, at + 1, size)) {
    if (at + BLOCK_HEADER_BYTES > size) return undefined;
    const identity = identityAt(view, at);
    if (readBlockHeader(bytes, view, at, identity, number, at, header)) return identity;
  }
  return undefined;
}
