/**
 * A lane is a sequence of messages: a queue has one, a priority queue has one for each priority. It holds no message,
 * only the position of each in the message store, in chunks of typed arrays.
 *
 *      0                   cursor                 nextSeq
 *      |                      |                      |
 *      +----------------------+----------------------+----> seq
 *      | delivered once       | never delivered:     |
 *      |  settled: -1         |  ready               |
 *      |  in `returned`: ready again                 |
 *      |  else unacked                               |
 *      +-------+-------+------+-------+-------+------+
 *      | chunk |       | chunk      ...       | chunk |      a chunk is there while one of its messages is
 *      +-------+       +-------+------+-------+-------+
 *
 * A message that stays for long costs its own chunk and nothing for those that came and went after it: the array of
 * chunks begins where most of them are, and the few older ones are `stragglers`.
 *
 * A purge only moves the cursor; what was ready is then discarded in pieces, as it is with a lane that nobody uses any more.
 *
 * From the cursor on there may be gaps: messages that did not survive a restart, and those that were taken out of their place
 * (`takeAt`). The cursor steps over them.
 *
 * **Invariant:** `readyCount` = seqs from cursor on, without gaps, + entries of `returned`.
 * **Invariant:** a chunk that no lane holds is full of -1.
 * **Invariant:** the message at the cursor is there, unless cursor = nextSeq.
 */

import type { SettlementResult } from '../outcome/settlement-result.ts';
import type { Reach } from './reach.ts';
import { SeqHeap } from './seq-heap.ts';
import { rangesOf, SeqRanges } from './seq-ranges.ts';

/** Positions per chunk (4 KiB): an idle queue costs nothing, a queue with one message one chunk. */
const CHUNK = 512;
/** Behind its positions a chunk says how many of them are not settled. */
const UNSETTLED = CHUNK;
const SETTLED = -1;
/** A shorter array of chunks is never worth shortening. */
const WINDOW_MIN = 128;
/** A gap in the array of chunks that is not worth filling: 32 768 seqs. */
const GAP_CHUNKS_MAX = 64;
/** Chunks that became free and wait for their next use, shared by all lanes: 4 MiB at most. */
const SPARE_CHUNKS_MAX = 1024;
const spareChunks: Float64Array[] = [];

function makeChunk(): Float64Array {
  const chunk = new Float64Array(CHUNK + 1).fill(SETTLED);
  chunk[UNSETTLED] = 0;
  return chunk;
}

/** Why an unacked message comes back: its consumer went away (failed) or gave it back (returned). */
export type RequeueCause = 'failed' | 'returned';

/** The queue that a lane belongs to, as far as who got a message from it has to know: how the message ends. */
export interface LaneOwner {
  readonly name: string;
  readonly readyCount: number;
  /** Whether a message that came back says how often, in header x-delivery-count. */
  readonly showsDeliveryCount: boolean;
  /** `result`: what the consumer gave with it. */
  acknowledge(lane: Lane, seq: number, result?: SettlementResult): void;
  reject(lane: Lane, seq: number, result?: SettlementResult): void;
  requeue(lane: Lane, seq: number, cause: RequeueCause): void;
  /** A lane that could not deliver any further may go on. */
  onReach(): void;
}

export class Lane {
  /** Unique in the broker; names the lane in message records. */
  readonly id: number;
  /** Undefined for the lane of a schedule, whose messages are in no queue. */
  owner: LaneOwner | undefined;
  /** How far it may deliver; undefined when the lane does not survive a restart. What becomes of its messages is recorded if it does. */
  readonly reach: Reach | undefined;
  nextSeq = 0;
  readyCount = 0;
  /** Nobody uses it any more. */
  isGone = false;
  /** Told of each discarded message before it is released; false: not now, but when it is asked again. */
  onDiscarded: ((seq: number, position: number) => boolean) | undefined;
  /** What was discarded waits for a page to be in memory. */
  awaitsPage = false;
  #cursor = 0;
  #unsettledCount = 0;
  #returned = new SeqHeap();
  /** chunks[i] holds the positions of seqs from (firstChunk + i) * CHUNK; undefined when all of them are settled. */
  #chunks: (Float64Array | undefined)[] = [];
  #firstChunk = 0;
  /** Chunks in use, stragglers or not. */
  #chunkCount = 0;
  /** From here on there are no gaps. */
  #gapsEnd = 0;
  /** The chunks before firstChunk that are still in use. */
  readonly #stragglers = new Map<number, Float64Array>();
  /** How often a message came back, for the queues that count it. */
  readonly #returns = new Map<number, number>();
  /** What nobody will take or settle any more. Of a lane that is gone, settled ones may be among them. */
  readonly #discarded = new SeqRanges();

  constructor(id: number, owner: LaneOwner | undefined, reach?: Reach) {
    this.id = id;
    this.owner = owner;
    this.reach = reach;
  }

  /** The first message that was never taken, or that is to come. */
  get cursor(): number {
    return this.#cursor;
  }

  /** What the lane takes for its positions. */
  get memoryBytes(): number {
    return 8 * (this.#chunkCount * (CHUNK + 1) + this.#chunks.length);
  }

  /** The position of an unsettled message, or -1. */
  position(seq: number): number {
    const number = Math.floor(seq / CHUNK);
    const chunk = this.#chunk(number);
    return chunk === undefined ? SETTLED : (chunk[seq - number * CHUNK] as number);
  }

  /** Appends a message. Runs per message. */
  push(position: number): void {
    const seq = this.nextSeq++;
    const number = Math.floor(seq / CHUNK);
    const chunk = this.#chunks[number - this.#firstChunk] ?? this.#addChunk(number);
    chunk[seq - number * CHUNK] = position;
    (chunk[UNSETTLED] as number)++;
    this.#unsettledCount++;
    this.readyCount++;
  }

  /** True when the next message to be taken was delivered before. Only with readyCount > 0. */
  get nextIsReturned(): boolean {
    return this.#returned.size > 0;
  }

  /** The seq that `take` would give. Only with readyCount > 0. */
  peek(): number {
    return this.#returned.size > 0 ? this.#returned.peek() : this.#cursor;
  }

  /** Whether the next message may be delivered now, if there is one. Runs per delivery. */
  get mayDeliver(): boolean {
    return this.reach === undefined || this.#cursor < this.reach.durable || this.#returned.size > 0;
  }

  /** Takes the next ready message: it is unacked from now on. Only with readyCount > 0. Runs per delivery. */
  take(): number {
    this.readyCount--;
    if (this.#returned.size > 0) return this.#returned.pop();
    const seq = this.#cursor++;
    if (this.#cursor < this.#gapsEnd) this.#skipGap();
    return seq;
  }

  /** An unacked message is ready again, in its old place. */
  giveBack(seq: number): void {
    this.#returned.push(seq);
    this.readyCount++;
  }

  /** Whether message `seq` could be taken, if it were its turn. */
  isReady(seq: number): boolean {
    return seq < this.#cursor ? this.#returned.has(seq) : this.position(seq) !== SETTLED;
  }

  /**
   * Takes the ready message `seq` out of its place, whosever turn it is, and returns its position. The lane does not know it any
   * more, until the caller ends it with `settle`, or undoes this with `putBack`, in the same turn.
   */
  takeAt(seq: number): number {
    const position = this.position(seq);
    if (seq < this.#cursor) this.#returned.remove(seq);
    else this.#gapsEnd = Math.max(this.#gapsEnd, seq + 1);
    this.#setPosition(seq, SETTLED);
    this.readyCount--;
    if (seq === this.#cursor) this.#skipGap();
    return position;
  }

  /** As if `takeAt`, which returned `position`, had not been called. `wasReturned`: it had been delivered before. */
  putBack(seq: number, position: number, wasReturned: boolean): void {
    this.#setPosition(seq, position);
    this.readyCount++;
    if (seq >= this.#cursor) return;
    // What was never delivered is so still, unless the cursor went on since: it does not turn back for one message.
    if (!wasReturned && this.#gapEnd(seq + 1) === this.#cursor) this.#cursor = seq;
    else this.#returned.push(seq);
  }

  #setPosition(seq: number, position: number): void {
    const number = Math.floor(seq / CHUNK);
    (this.#chunk(number) as Float64Array)[seq - number * CHUNK] = position;
  }

  /** Ends an unacked message. Runs per message. */
  settle(seq: number): void {
    const number = Math.floor(seq / CHUNK);
    const chunk = this.#chunk(number) as Float64Array;
    chunk[seq - number * CHUNK] = SETTLED;
    if (this.#returns.size > 0) this.#returns.delete(seq);
    this.#unsettledCount--;
    const unsettled = (chunk[UNSETTLED] as number) - 1;
    chunk[UNSETTLED] = unsettled;
    if (unsettled === 0) this.#emptied(number);
  }

  /** Counts that an unacked message comes back; returns how often it has by now. */
  countReturn(seq: number): number {
    const returns = this.returnCount(seq) + 1;
    this.#returns.set(seq, returns);
    return returns;
  }

  /** How often a message came back: what quorum queues call its delivery count. */
  returnCount(seq: number): number {
    return this.#returns.size === 0 ? 0 : (this.#returns.get(seq) ?? 0);
  }

  /** The record of `seq` moved; false when it is settled or was never there. */
  relocate(seq: number, from: number, to: number): boolean {
    const number = Math.floor(seq / CHUNK);
    const chunk = this.#chunk(number);
    if (chunk === undefined || chunk[seq - number * CHUNK] !== from) return false;
    chunk[seq - number * CHUNK] = to;
    return true;
  }

  /**
   * The ready messages from `seq` on, `countMax` at most, ascending: the order in which they would be taken. Looks at as many
   * places; an empty answer means that there are no more.
   */
  readyFrom(seq: number, countMax: number): number[] {
    const ready = seq < this.#cursor ? this.#returned.from(seq, countMax) : [];
    for (let next = Math.max(seq, this.#cursor); next < this.nextSeq && ready.length < countMax; next++) {
      if (next < this.#gapsEnd && this.position(next) === SETTLED) next = this.#gapEnd(next);
      if (next < this.nextSeq) ready.push(next);
    }
    return ready;
  }

  // ---- messages that nobody wants any more ----

  /** Takes all ready messages, for `releaseDiscarded`. Returns which: ranges, from and to (exclusive) and again, ascending. */
  discardReady(): readonly number[] {
    const ranges = rangesOf(this.#returned.drain());
    if (this.#cursor < this.nextSeq) ranges.push(this.#cursor, this.nextSeq);
    if (ranges.length > 0) this.#discarded.add(ranges);
    this.#cursor = this.nextSeq;
    this.readyCount = 0;
    return ranges;
  }

  /** Nobody uses the lane any more: all that is left is for `releaseDiscarded`. */
  discardAll(): void {
    this.isGone = true;
    this.readyCount = 0;
    this.#discarded.clear();
    if (this.#unsettledCount === 0) return;
    for (const number of this.#chunkNumbers())
      this.#discarded.add([number * CHUNK, Math.min((number + 1) * CHUNK, this.nextSeq)]);
  }

  get hasDiscarded(): boolean {
    return !this.#discarded.isEmpty;
  }

  /** Whether `seq` was discarded and waits to be released. */
  isDiscarded(seq: number): boolean {
    return this.#discarded.has(seq);
  }

  /**
   * Settles discarded messages and hands out their positions. Looks at `countMax` at most, and ends where `onDiscarded` says no;
   * returns how many it spared.
   */
  releaseDiscarded(countMax: number, release: (position: number) => void): number {
    return countMax - this.#discarded.take(countMax, (seq) => this.#release(seq, release));
  }

  #release(seq: number, release: (position: number) => void): boolean {
    const position = this.position(seq);
    if (position === SETTLED) return true;
    if (this.onDiscarded?.(seq, position) === false) return false;
    this.settle(seq);
    release(position);
    return true;
  }

  // ---- after a restart ----

  /**
   * Message `seq` was found at `position`. Returns where it was found before, or -1: cleaning may leave two copies. To be
   * ended with `finishRestore`. Runs per message.
   */
  restore(seq: number, position: number): number {
    const number = Math.floor(seq / CHUNK);
    const chunk = this.#chunk(number) ?? this.#addChunk(number);
    const before = chunk[seq - number * CHUNK] as number;
    chunk[seq - number * CHUNK] = position;
    if (seq >= this.nextSeq) this.nextSeq = seq + 1;
    if (before === SETTLED) {
      (chunk[UNSETTLED] as number)++;
      this.#unsettledCount++;
    }
    return before;
  }

  /** Messages `from` to `to` (exclusive) were settled; `forgotten` is told of those that were found. */
  forget(from: number, to: number, forgotten: (seq: number, position: number) => void): void {
    if (to > this.nextSeq) this.nextSeq = to;
    for (let seq = from; seq < to; ) {
      const number = Math.floor(seq / CHUNK);
      const end = Math.min(to, (number + 1) * CHUNK);
      const chunk = this.#chunk(number);
      for (; chunk !== undefined && seq < end; seq++) {
        const position = chunk[seq - number * CHUNK] as number;
        if (position === SETTLED) continue;
        this.settle(seq);
        forgotten(seq, position);
      }
      seq = end;
    }
  }

  /** How often an unsettled message came back before the restart. */
  restoreReturns(seq: number, returns: number): void {
    this.#returns.set(seq, returns);
  }

  /**
   * All that survived was found, and no seq below `nextSeq` may be given again. Messages below `deliveredEnd` may have been
   * delivered: they are ready again as such, but for those that are held. The others are ready for the first time.
   */
  finishRestore(nextSeq: number, deliveredEnd: number, isHeld: (seq: number) => boolean): void {
    this.nextSeq = Math.max(this.nextSeq, nextSeq);
    this.#cursor = Math.min(deliveredEnd, this.nextSeq);
    this.#gapsEnd = this.nextSeq;
    this.readyCount = this.#unsettledCount;
    for (const number of this.#chunkNumbers()) {
      const chunk = this.#chunk(number) as Float64Array;
      if (chunk[UNSETTLED] === 0) this.#emptied(number);
      else if (number * CHUNK < this.#cursor) this.#returnChunk(number, chunk, isHeld);
    }
    this.#skipGap();
  }

  /** What is unsettled before the cursor, and not held, is ready again. */
  #returnChunk(number: number, chunk: Float64Array, isHeld: (seq: number) => boolean): void {
    const end = Math.min((number + 1) * CHUNK, this.#cursor);
    for (let seq = number * CHUNK; seq < end; seq++) {
      if (chunk[seq - number * CHUNK] === SETTLED) continue;
      if (isHeld(seq)) this.readyCount--;
      else this.#returned.push(seq);
    }
  }

  /** Moves the cursor to the next message that is there. */
  #skipGap(): void {
    this.#cursor = this.#gapEnd(this.#cursor);
  }

  /** The first message from `from` on that is there, or where gaps end. */
  #gapEnd(from: number): number {
    let seq = from;
    while (seq < this.#gapsEnd) {
      const number = Math.floor(seq / CHUNK);
      const chunk = this.#chunk(number);
      if (chunk === undefined) seq = (number + 1) * CHUNK;
      else if (chunk[seq - number * CHUNK] === SETTLED) seq++;
      else break;
    }
    return Math.max(from, Math.min(seq, this.#gapsEnd));
  }

  // ---- chunks ----

  /** Of the chunks in use, ascending. */
  #chunkNumbers(): number[] {
    const numbers = [...this.#stragglers.keys()].sort((a, b) => a - b);
    for (let index = 0; index < this.#chunks.length; index++) {
      if (this.#chunks[index] !== undefined) numbers.push(this.#firstChunk + index);
    }
    return numbers;
  }

  #chunk(number: number): Float64Array | undefined {
    const index = number - this.#firstChunk;
    return index >= 0 ? this.#chunks[index] : this.#stragglers.get(number);
  }

  #addChunk(number: number): Float64Array {
    const chunk = spareChunks.pop() ?? makeChunk();
    this.#chunkCount++;
    if (number - this.#firstChunk > this.#chunks.length + GAP_CHUNKS_MAX) this.#moveWindow(number);
    if (number < this.#firstChunk) this.#stragglers.set(number, chunk);
    else this.#chunks[number - this.#firstChunk] = chunk;
    return chunk;
  }

  /** The array of chunks begins at `first` from now on: those before it become stragglers. */
  #moveWindow(first: number): void {
    const chunks = this.#chunks;
    const gone = first - this.#firstChunk;
    for (let index = 0; index < Math.min(gone, chunks.length); index++) {
      const chunk = chunks[index];
      if (chunk !== undefined) this.#stragglers.set(this.#firstChunk + index, chunk);
    }
    this.#chunks = chunks.slice(gone);
    this.#firstChunk = first;
  }

  /** All that was ever put into chunk `number` is settled. The last one may get more, unless the lane is empty. */
  #emptied(number: number): void {
    const last = Math.floor(this.nextSeq / CHUNK);
    if (number !== last) this.#freeChunk(number);
    // An empty lane gives its last chunk back: ten thousand idle queues cost nothing.
    if (this.#unsettledCount === 0) this.#freeChunk(last);
  }

  #freeChunk(number: number): void {
    const chunk = this.#chunk(number);
    if (chunk === undefined) return;
    this.#chunkCount--;
    if (spareChunks.length < SPARE_CHUNKS_MAX) spareChunks.push(chunk);
    const index = number - this.#firstChunk;
    if (index < 0) {
      this.#stragglers.delete(number);
      return;
    }
    this.#chunks[index] = undefined;
    const used = this.#chunkCount - this.#stragglers.size;
    if (this.#chunks.length >= WINDOW_MIN && used * 4 <= this.#chunks.length) {
      // The older half of the array is mostly undefined.
      this.#moveWindow(this.#firstChunk + (this.#chunks.length >> 1));
    }
  }
}
