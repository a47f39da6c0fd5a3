/**
 * The message log: every record of a broker in one append-only sequence of segments, whatever queue it went to.
 *
 *      oldest                                              tail
 *     +----------+----------+  freed  +----------+----------------+
 *     | segment  | segment  |         | segment  | segment  ->    |  records are appended at its end
 *     +----------+----------+         +----------+----------------+
 *
 * A segment goes as soon as nobody holds a record in it. A few records that stay for long would keep many segments
 * alive, so when less than half of the bytes are live the log is cleaned from its oldest end: what lives there is
 * appended again at the tail and the segment is dropped.
 */

import { copyBytes } from '../codec/bytes.ts';
import {
  decrementLiveCount,
  destinationCountAt,
  destinationLane,
  destinationSeq,
  liveCountAt,
  recordBytesAt,
  setLiveCount,
} from '../core/message/message-record.ts';
import { type MessageStore, type RecordOwner, SEGMENT_SPAN, Segment } from '../core/message/message-store.ts';
import type { LogEngine } from './log-engine.ts';

/** The first segment is small, so that a broker in a test costs little; each next one doubles, up to the largest (4 MiB). */
const SEGMENT_BYTES_FIRST = 64 * 1024;
const SEGMENT_BYTES_MAX = SEGMENT_SPAN;
/** Empty segments of the largest size kept for the next use. */
const SPARE_SEGMENTS_MAX = 4;
/** Dead bytes that are never worth cleaning. */
const DEAD_BYTES_ALLOWED = 8 * SEGMENT_BYTES_MAX;

export class MessageLog implements MessageStore {
  onDurable: () => void = () => {};
  #memoryBytes = 0;
  #liveBytes = 0;
  /** By segment number, oldest first (a Map keeps the order of insertion). */
  readonly #segments = new Map<number, Segment>();
  readonly #spare: Uint8Array[] = [];
  readonly #engine: LogEngine;
  #nextNumber = 0;
  #tail: Segment;
  /** The segment of the last look-up: the next one is mostly in the same. */
  #recent: Segment;
  #uncommitted = false;

  constructor(engine: LogEngine) {
    this.#engine = engine;
    engine.onDurable = () => this.onDurable();
    this.#tail = this.#newSegment(SEGMENT_BYTES_FIRST);
    this.#recent = this.#tail;
  }

  get memoryBytes(): number {
    return this.#memoryBytes;
  }

  /** Bytes of records that some queue still holds. */
  get liveBytes(): number {
    return this.#liveBytes;
  }

  get durableBlock(): number {
    return this.#engine.durableBlock;
  }

  tail(recordBytes: number): Segment {
    const tail = this.#tail;
    if (tail.end + recordBytes <= tail.bytes.length) return tail;
    return this.#roll(recordBytes);
  }

  appended(segment: Segment, recordBytes: number): number {
    const position = segment.base + segment.end;
    segment.end += recordBytes;
    segment.liveBytes += recordBytes;
    this.#liveBytes += recordBytes;
    this.#uncommitted = true;
    return position;
  }

  segmentOf(position: number): Segment {
    const recent = this.#recent;
    const offset = position - recent.base;
    if (offset >= 0 && offset < SEGMENT_SPAN) return recent;
    const segment = this.#segments.get(Math.floor(position / SEGMENT_SPAN));
    if (segment === undefined) throw new Error(`message log: no segment holds position ${position}`);
    this.#recent = segment;
    return segment;
  }

  release(position: number): void {
    const segment = this.segmentOf(position);
    const offset = position - segment.base;
    if (decrementLiveCount(segment, offset) > 0) return;
    const recordBytes = recordBytesAt(segment, offset);
    segment.liveBytes -= recordBytes;
    this.#liveBytes -= recordBytes;
    if (segment.liveBytes === 0) this.#emptied(segment);
  }

  commit(): number {
    if (!this.#uncommitted) return this.#engine.lastBlock;
    this.#uncommitted = false;
    return this.#engine.append();
  }

  clean(owner: RecordOwner): boolean {
    if (!this.#needsCleaning()) return false;
    const oldest = this.#segments.values().next().value as Segment;
    if (oldest === this.#tail) return false;
    this.#copyForward(oldest, owner);
    this.#drop(oldest);
    return this.#needsCleaning();
  }

  #needsCleaning(): boolean {
    const dead = this.#memoryBytes - this.#liveBytes;
    return dead > DEAD_BYTES_ALLOWED && dead > this.#liveBytes;
  }

  #copyForward(from: Segment, owner: RecordOwner): void {
    for (let offset = 0; offset < from.end; offset += recordBytesAt(from, offset)) {
      if (liveCountAt(from, offset) > 0) this.#copyRecord(from, offset, owner);
    }
  }

  /** Copies one record whole; destinations that settled it stay listed, but are not counted. */
  #copyRecord(from: Segment, offset: number, owner: RecordOwner): void {
    const recordBytes = recordBytesAt(from, offset);
    const to = this.tail(recordBytes);
    const target = to.end;
    copyBytes(from.bytes, offset, offset + recordBytes, to.bytes, target);
    const position = this.appended(to, recordBytes);
    let live = 0;
    const destinations = destinationCountAt(from, offset);
    for (let index = 0; index < destinations; index++) {
      const laneId = destinationLane(from, offset, index);
      const seq = destinationSeq(from, offset, index);
      if (owner.relocate(laneId, seq, from.base + offset, position)) live++;
    }
    setLiveCount(to, target, live);
    if (live === 0)
      throw new Error(`message log: a live record at ${from.base + offset} belongs to no queue`);
  }

  #roll(recordBytes: number): Segment {
    const full = this.#tail;
    const larger = Math.min(full.bytes.length * 2, SEGMENT_BYTES_MAX);
    this.#tail = this.#newSegment(Math.max(larger, recordBytes));
    if (full.liveBytes === 0) this.#drop(full);
    return this.#tail;
  }

  #newSegment(size: number): Segment {
    const bytes = (size === SEGMENT_BYTES_MAX ? this.#spare.pop() : undefined) ?? new Uint8Array(size);
    const segment = new Segment(this.#nextNumber * SEGMENT_SPAN, bytes);
    this.#segments.set(this.#nextNumber++, segment);
    this.#memoryBytes += size;
    return segment;
  }

  /** Nothing in `segment` is held any more; the tail stays. */
  #emptied(segment: Segment): void {
    if (segment !== this.#tail) this.#drop(segment);
  }

  #drop(segment: Segment): void {
    this.#liveBytes -= segment.liveBytes;
    this.#segments.delete(segment.base / SEGMENT_SPAN);
    this.#memoryBytes -= segment.bytes.length;
    if (this.#recent === segment) this.#recent = this.#tail;
    if (segment.bytes.length === SEGMENT_BYTES_MAX && this.#spare.length < SPARE_SEGMENTS_MAX) {
      this.#spare.push(segment.bytes);
    }
  }
}
