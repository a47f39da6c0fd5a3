/**
 * A lane is a sequence of messages: a queue has one, a priority queue has one for each priority. It holds no message,
 * only the position of each in the message store, in chunks of typed arrays.
 *
 *        head              cursor                 nextSeq
 *          |                 |                       |
 *      ----+-----------------+-----------------------+----> seq
 *          | delivered once  | never delivered: ready |
 *          |  settled: -1    |                        |
 *          |  in `returned`: ready again              |
 *          |  else unacked                            |
 *
 * **Invariant:** every seq below `head` is settled, and `head` itself is not, unless `head === cursor`.
 * **Invariant:** `readyCount` = seqs from cursor on + entries of `returned`.
 */

import { SeqHeap } from './seq-heap.ts';

/** Positions per chunk (4 KiB): an idle queue costs nothing, a queue with one message one chunk. */
const CHUNK = 512;
const SETTLED = -1;
/** Chunks that became free and wait for their next use, shared by all lanes: 4 MiB at most. */
const SPARE_CHUNKS_MAX = 1024;
const spareChunks: Float64Array[] = [];

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
  #head = 0;
  #cursor = 0;
  readonly #returned = new SeqHeap();
  /** chunks[i] holds the positions of seqs from (firstChunk + i) * CHUNK; undefined once it is freed. */
  #chunks: (Float64Array | undefined)[] = [];
  #firstChunk = 0;

  /** How often a message came back, for the queues that count it. */
  readonly #returns = new Map<number, number>();

  constructor(id: number, owner: LaneOwner | undefined) {
    this.id = id;
    this.owner = owner;
  }

  /** The position of an unsettled message, or -1. */
  position(seq: number): number {
    if (seq < this.#head || seq >= this.nextSeq) return SETTLED;
    const number = Math.floor(seq / CHUNK);
    return (this.#chunks[number - this.#firstChunk] as Float64Array)[seq - number * CHUNK] as number;
  }

  /** Appends a message. Runs per message. */
  push(position: number): void {
    const seq = this.nextSeq++;
    const number = Math.floor(seq / CHUNK);
    const index = number - this.#firstChunk;
    let chunk = this.#chunks[index];
    if (chunk === undefined) {
      chunk = spareChunks.pop() ?? new Float64Array(CHUNK);
      this.#chunks[index] = chunk;
    }
    chunk[seq - number * CHUNK] = position;
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
    (this.#chunks[number - this.#firstChunk] as Float64Array)[seq - number * CHUNK] = SETTLED;
    if (this.#returns.size > 0) this.#returns.delete(seq);
    if (seq === this.#head) this.#advanceHead();
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

  /** Visits the positions of all messages that are not settled. */
  forEachPosition(visit: (position: number) => void): void {
    for (let seq = this.#head; seq < this.nextSeq; seq++) {
      const position = this.position(seq);
      if (position !== SETTLED) visit(position);
    }
  }

  /** The record of `seq` moved; false when it is settled or was never there. */
  relocate(seq: number, from: number, to: number): boolean {
    if (this.position(seq) !== from) return false;
    const number = Math.floor(seq / CHUNK);
    (this.#chunks[number - this.#firstChunk] as Float64Array)[seq - number * CHUNK] = to;
    return true;
  }

  #advanceHead(): void {
    let head = this.#head;
    let number = Math.floor(head / CHUNK);
    let chunk = this.#chunks[number - this.#firstChunk] as Float64Array;
    while (head < this.#cursor && chunk[head - number * CHUNK] === SETTLED) {
      head++;
      if (head === (number + 1) * CHUNK) {
        this.#freeChunk(number);
        number++;
        if (head >= this.nextSeq) break;
        chunk = this.#chunks[number - this.#firstChunk] as Float64Array;
      }
    }
    this.#head = head;
    // An empty lane gives its last chunk back: ten thousand idle queues cost nothing.
    if (head === this.nextSeq && this.#chunks[number - this.#firstChunk] !== undefined)
      this.#freeChunk(number);
  }

  #freeChunk(number: number): void {
    const index = number - this.#firstChunk;
    const chunk = this.#chunks[index];
    if (chunk !== undefined && spareChunks.length < SPARE_CHUNKS_MAX) spareChunks.push(chunk);
    this.#chunks[index] = undefined;
    if (index >= 64 && index * 2 >= this.#chunks.length) {
      this.#chunks = this.#chunks.slice(index);
      this.#firstChunk += index;
    }
  }
}
