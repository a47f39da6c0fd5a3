/**
 * Decides, block by block, what belongs to the log. The numbers of the blocks decide, not where they lie:
 *
 *     number     | what it is                                  | what happens
 *     -----------+---------------------------------------------+------------------------------------------------------
 *     expected   | the next block of the log                   | taken
 *     lower      | written again to a later file after a fault | passed over: it was taken before
 *     higher     | something before it is missing              | remembered: maybe it was never durable, maybe it follows
 *
 * At the end the log reaches up to `expected` - 1. Had a later block been durable, some header would say so in "durable up to":
 * then something is lost. Otherwise what is missing was never confirmed: a torn tail.
 *
 * A block whose incarnation is lower than that of a block before it was left by a broker that ended before: it counts
 * for nothing.
 */

import type { ReplayReceiver } from '../log-engine.ts';
import type { BlockHeader } from './block.ts';
import { PageCutter } from './page-cutter.ts';
import type { Segment } from './segment.ts';
import { SEGMENT_HEADER_BYTES } from './segment-header.ts';
import type { ScanVisitor, SegmentScanner } from './segment-scanner.ts';

/** Where the log stops being whole. */
export interface Hole {
  readonly segment: Segment;
  readonly offset: number;
}

export class LogReplay implements ScanVisitor {
  /** The number of the next block; 0: not known yet, because older segments are gone. */
  expected: number;
  /** The highest of the blocks taken. */
  incarnation = 0;
  /** The highest of all. */
  incarnationSeen = 0;
  /** Every block up to this one was durable, as headers say. */
  durableUpTo = 0;
  /** What the newest block says; 0: none was found. */
  oldestSegment = 0;
  /** The first place where something was found missing that did not follow later. */
  hole: Hole | undefined;
  /** A damaged place in a file before the one with the oldest block: a block is missing if that file still counts. */
  damageBefore: Hole | undefined;
  /** A block that another one with its number, of an older incarnation, came before. */
  contradiction: Hole | undefined;
  /** Places that hold no block although the log goes on behind them without a gap. */
  readonly passedOver: Hole[] = [];
  /** The segment that the newest block is in. */
  newest: Segment | undefined;
  /** A seal said that it is the last block of the segment. */
  isClosed = false;
  /** The same of the segment before. */
  isPreviousClosed = false;
  readonly #scanner: SegmentScanner;
  readonly #receiver: ReplayReceiver;
  #segment!: Segment;
  #cutter!: PageCutter;
  /** Blocks from this number on lie in the next segment, too, and count there. */
  #limit = Number.POSITIVE_INFINITY;
  /** The first block of the group that is not complete yet; 0: none is open. */
  #groupStart = 0;

  constructor(scanner: SegmentScanner, receiver: ReplayReceiver, expected: number) {
    this.#scanner = scanner;
    this.#receiver = receiver;
    this.expected = expected;
  }

  get keepFrom(): number {
    return this.#cutter.keepFrom;
  }

  /** `segment.end` will grow as its blocks are taken. */
  beginSegment(segment: Segment, limit: number): void {
    this.#segment = segment;
    this.#cutter = new PageCutter(this.#scanner, this.#receiver, segment);
    this.#limit = limit;
    this.isPreviousClosed = this.isClosed;
    this.isClosed = false;
    segment.end = SEGMENT_HEADER_BYTES;
  }

  /** A group lies in one segment: one that is open at the end of a segment has no end. */
  endSegment(): void {
    this.#dropGroup();
    this.#cutter.flush();
  }

  onBlock(header: BlockHeader, from: number, to: number): boolean {
    this.incarnationSeen = Math.max(this.incarnationSeen, header.incarnation);
    if (header.incarnation < this.incarnation) return true;
    if (header.incarnation > this.incarnation) this.#onNewIncarnation(header, from);
    this.durableUpTo = Math.max(this.durableUpTo, header.durableUpTo);
    if (header.isSeal) this.#onSeal(header, from, to);
    else if (header.sequence >= this.#limit) return false;
    else this.#onNumbered(header, from, to);
    return true;
  }

  onDamage(from: number): boolean {
    this.#dropGroup();
    if (this.expected >= this.#limit) return false;
    this.#missing(from);
    return true;
  }

  onTornBlock(header: BlockHeader): void {
    this.incarnationSeen = Math.max(this.incarnationSeen, header.incarnation);
    if (header.incarnation >= this.incarnation) {
      this.durableUpTo = Math.max(this.durableUpTo, header.durableUpTo);
    }
  }

  onDamageEnd(): void {}

  onWindowFull(): void {
    this.#cutter.flush();
  }

  /** A broker goes on behind what it found. Had it found less than was taken here, then what was taken had been cut off. */
  #onNewIncarnation(header: BlockHeader, offset: number): void {
    this.#dropGroup();
    const next = header.isSeal ? header.sequence + 1 : header.sequence;
    if (next < this.expected) this.contradiction ??= { segment: this.#segment, offset };
  }

  #onNumbered(header: BlockHeader, from: number, to: number): void {
    if (this.expected === 0) this.#begin(header.sequence);
    if (header.sequence < this.expected) return;
    if (header.sequence === this.expected) {
      this.#take(header, from, to);
    } else {
      this.#dropGroup();
      this.#missing(from);
    }
  }

  /**
   * The oldest block that is left. What lies damaged before it was one, too; unless it lies in a file that was superfluous
   * already, as one that nothing but a failed write ever went to: that turns out at the end.
   */
  #begin(sequence: number): void {
    const isBefore = this.hole !== undefined && this.hole.segment !== this.#segment;
    if (isBefore) this.damageBefore = this.hole;
    this.expected = this.hole === undefined || isBefore ? sequence : Math.max(1, sequence - 1);
  }

  #take(header: BlockHeader, from: number, to: number): void {
    if (this.#groupStart === 0) this.#groupStart = header.sequence;
    this.expected = header.sequence + 1;
    this.#believe(header);
    this.#cutter.addBlock(header.sequence, from, to, header.more);
    if (header.more) return;
    if (this.#segment.firstBlock === 0) this.#segment.firstBlock = this.#groupStart;
    this.#groupStart = 0;
    this.#whole(to);
  }

  #onSeal(header: BlockHeader, from: number, to: number): void {
    if (this.expected === 0) this.#begin(header.sequence + 1);
    if (this.#groupStart > 0 || header.sequence >= this.expected) {
      this.#dropGroup();
      this.#missing(from);
      return;
    }
    this.#believe(header);
    this.isClosed ||= header.isClosed;
    this.#cutter.addSeal(from, to);
    this.#whole(to);
  }

  #believe(header: BlockHeader): void {
    this.incarnation = header.incarnation;
    this.oldestSegment = header.oldestSegment;
  }

  /** The log is whole up to offset `to` of this segment. */
  #whole(to: number): void {
    this.#segment.end = to;
    this.newest = this.#segment;
    if (this.hole !== undefined) this.passedOver.push(this.hole);
    this.hole = undefined;
  }

  #missing(offset: number): void {
    this.hole ??= { segment: this.#segment, offset };
  }

  #dropGroup(): void {
    if (this.#groupStart === 0) return;
    this.#cutter.dropGroup();
    this.expected = this.#groupStart;
    this.#groupStart = 0;
  }
}
