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
 * **Invariant:** `readyCount` = seqs from cursor on + entries of `returned`.
 * **Invariant:** a chunk that no lane holds is full of -1.
 */

import { SeqHeap } from './seq-heap.ts';

/** Positions per chunk (4 KiB): an idle queue costs nothing, a queue with one message one chunk. */
const CHUNK = 512;
/** Behind its positions a chunk says how many of them are not settled. */
const UNSETTLED = CHUNK;
const SETTLED = -1;
/** A shorter array of chunks is never worth shortening. */
const WINDOW_MIN = 128;
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
  readonly readyCount: number;
  /** Whether a message that came back says how often, in header x-delivery-count. */
  readonly showsDeliveryCount: boolean;
  acknowledge(lane: Lane, seq: number): void;
  reject(lane: Lane, seq: number): void;
  requeue(lane: Lane, seq: number, cause: RequeueCause): void;
}

export class Lane {
  /** Unique in the broker; names the lane in message records. */
  readonly id: number;
  /** Undefined for the lane of a schedule, whose messages are in no queue. */
  readonly owner: LaneOwner | undefined;
  nextSeq = 0;
  readyCount = 0;
  /** Nobody uses it any more. */
  isGone = false;
  #cursor = 0;
  #unsettledCount = 0;
  #returned = new SeqHeap();
  /** chunks[i] holds the positions of seqs from (firstChunk + i) * CHUNK; undefined when all of them are settled. */
  #chunks: (Float64Array | undefined)[] = [];
  #firstChunk = 0;
  /** Chunks in use, stragglers or not. */
  #chunkCount = 0;
  /** The chunks before firstChunk that are still in use, oldest first. */
  readonly #stragglers = new Map<number, Float64Array>();
  /** How often a message came back, for the queues that count it. */
  readonly #returns = new Map<number, number>();
  /** What nobody will take or settle any more: seqs from, to (exclusive), and again. Settled ones may be among them. */
  readonly #discarded: number[] = [];
  /** Purged while they were `returned`. */
  readonly #discardedReturns: SeqHeap[] = [];

  constructor(id: number, owner: LaneOwner | undefined) {
    this.id = id;
    this.owner = owner;
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

  /** Takes the next ready message: it is unacked from now on. Only with readyCount > 0. Runs per delivery. */
  take(): number {
    this.readyCount--;
    return this.#returned.size > 0 ? this.#returned.pop() : this.#cursor++;
  }

  /** An unacked message is ready again, in its old place. */
  giveBack(seq: number): void {
    this.#returned.push(seq);
    this.readyCount++;
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

  // ---- messages that nobody wants any more ----

  /** Takes all ready messages, for `releaseDiscarded`. */
  discardReady(): void {
    if (this.#returned.size > 0) {
      this.#discardedReturns.push(this.#returned);
      this.#returned = new SeqHeap();
    }
    if (this.#cursor < this.nextSeq) this.#discarded.push(this.#cursor, this.nextSeq);
    this.#cursor = this.nextSeq;
    this.readyCount = 0;
  }

  /** Nobody uses the lane any more: all that is left is for `releaseDiscarded`. */
  discardAll(): void {
    this.isGone = true;
    this.readyCount = 0;
    this.#discarded.length = 0;
    this.#discardedReturns.length = 0;
    if (this.#unsettledCount === 0) return;
    for (const number of this.#stragglers.keys()) {
      this.#discarded.push(number * CHUNK, (number + 1) * CHUNK);
    }
    this.#discarded.push(this.#firstChunk * CHUNK, this.nextSeq);
  }

  get hasDiscarded(): boolean {
    return this.#discarded.length > 0 || this.#discardedReturns.length > 0;
  }

  /** Settles discarded messages and hands out their positions. Looks at `countMax` at most; returns how many it spared. */
  releaseDiscarded(countMax: number, release: (position: number) => void): number {
    const left = this.#releaseReturns(countMax, release);
    return this.#releaseRanges(left, release);
  }

  #releaseReturns(countMax: number, release: (position: number) => void): number {
    const heaps = this.#discardedReturns;
    let left = countMax;
    while (left > 0 && heaps.length > 0) {
      const heap = heaps[heaps.length - 1] as SeqHeap;
      this.#release(heap.pop(), release);
      if (heap.size === 0) heaps.pop();
      left--;
    }
    return left;
  }

  #releaseRanges(countMax: number, release: (position: number) => void): number {
    const ranges = this.#discarded;
    let left = countMax;
    while (left > 0 && ranges.length > 0) {
      const from = ranges[ranges.length - 2] as number;
      const to = ranges[ranges.length - 1] as number;
      const end = Math.min(to, from + left);
      for (let seq = from; seq < end; seq++) this.#release(seq, release);
      left -= end - from;
      ranges[ranges.length - 2] = end;
      if (end === to) ranges.length -= 2;
    }
    return left;
  }

  #release(seq: number, release: (position: number) => void): void {
    const position = this.position(seq);
    if (position === SETTLED) return;
    this.settle(seq);
    release(position);
  }

  // ---- chunks ----

  #chunk(number: number): Float64Array | undefined {
    const index = number - this.#firstChunk;
    return index >= 0 ? this.#chunks[index] : this.#stragglers.get(number);
  }

  #addChunk(number: number): Float64Array {
    const chunk = spareChunks.pop() ?? makeChunk();
    this.#chunks[number - this.#firstChunk] = chunk;
    this.#chunkCount++;
    return chunk;
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
    if (this.#chunks.length >= WINDOW_MIN && used * 4 <= this.#chunks.length) this.#shorten();
  }

  /** The older half of the array, mostly undefined, goes; what is in use there becomes stragglers. */
  #shorten(): void {
    const half = this.#chunks.length >> 1;
    for (let index = 0; index < half; index++) {
      const chunk = this.#chunks[index];
      if (chunk !== undefined) this.#stragglers.set(this.#firstChunk + index, chunk);
    }
    this.#chunks = this.#chunks.slice(half);
    this.#firstChunk += half;
  }
}
