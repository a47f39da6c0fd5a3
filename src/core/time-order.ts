/**
 * A set of (time, value) pairs in the order of their times, those of one time in the order of their values: 16 bytes a pair,
 * for what may be there by the million and is also listed, and taken out before its time. What is only ever taken out at its
 * time is better off in a TimeHeap.
 *
 *     chunks:   [ pair, pair, ... ]   [ pair, pair, ... ]   ...      each sorted, and each before the next
 *
 * **Invariant:** no chunk is empty.
 */
export class TimeOrder {
  size = 0;
  #chunks: Chunk[] = [];

  /** The least time; Infinity when empty. */
  get nextMs(): number {
    const [first] = this.#chunks;
    return first === undefined ? Number.POSITIVE_INFINITY : first.timeAt(0);
  }

  push(atMs: number, value: number): void {
    const index = this.#chunkOf(atMs, value);
    const chunk = this.#chunks[index] ?? this.#addChunk(0, new Chunk(PAIRS_FIRST));
    const place = chunk.placeOf(atMs, value);
    this.size++;
    if (chunk.count < PAIRS_MAX) {
      chunk.insert(place, atMs, value);
    } else if (index === this.#chunks.length - 1 && place === PAIRS_MAX) {
      // What comes in the order of time fills its chunks.
      this.#addChunk(index + 1, new Chunk(PAIRS_MAX)).insert(0, atMs, value);
    } else {
      const later = this.#addChunk(index + 1, chunk.split());
      if (place <= chunk.count) chunk.insert(place, atMs, value);
      else later.insert(place - chunk.count, atMs, value);
    }
  }

  /** Removes the pair of the least time and returns its value. There must be one. */
  pop(): number {
    const chunk = this.#chunks[0] as Chunk;
    const value = chunk.valueAt(0);
    this.#remove(0, 0);
    return value;
  }

  has(atMs: number, value: number): boolean {
    return this.#chunks[this.#chunkOf(atMs, value)]?.has(atMs, value) === true;
  }

  /** Removes a pair; false when it is not there. */
  delete(atMs: number, value: number): boolean {
    if (!this.has(atMs, value)) return false;
    const index = this.#chunkOf(atMs, value);
    this.#remove(index, (this.#chunks[index] as Chunk).placeOf(atMs, value));
    return true;
  }

  /** Up to `count` pairs, from the one with `from` pairs before it. */
  slice(from: number, count: number): { readonly atMs: number; readonly value: number }[] {
    const pairs: { atMs: number; value: number }[] = [];
    let before = from;
    for (const chunk of this.#chunks) {
      for (let place = before; place < chunk.count && pairs.length < count; place++) {
        pairs.push({ atMs: chunk.timeAt(place), value: chunk.valueAt(place) });
      }
      if (pairs.length >= count) break;
      before = Math.max(0, before - chunk.count);
    }
    return pairs;
  }

  clear(): void {
    this.size = 0;
    this.#chunks = [];
  }

  /** The last chunk that does not begin after the pair; 0 when all do. */
  #chunkOf(atMs: number, value: number): number {
    const chunks = this.#chunks;
    let low = 0;
    let high = chunks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((chunks[middle] as Chunk).isAfter(0, atMs, value)) high = middle;
      else low = middle + 1;
    }
    return Math.max(0, low - 1);
  }

  #addChunk(index: number, chunk: Chunk): Chunk {
    this.#chunks.splice(index, 0, chunk);
    return chunk;
  }

  #remove(index: number, place: number): void {
    const chunk = this.#chunks[index] as Chunk;
    this.size--;
    chunk.remove(place);
    if (chunk.count === 0) this.#chunks.splice(index, 1);
  }
}

/** The first chunk is small: ten thousand vhosts with one message each cost little. */
const PAIRS_FIRST = 16;
/** Moving half a chunk, 4 KiB, is what a pair in the middle costs. */
const PAIRS_MAX = 512;

/** Sorted pairs: [ time 0, value 0, time 1, value 1, ... ]. */
class Chunk {
  count = 0;
  #pairs: Float64Array;

  constructor(capacity: number) {
    this.#pairs = new Float64Array(capacity * 2);
  }

  timeAt(place: number): number {
    return this.#pairs[place * 2] as number;
  }

  valueAt(place: number): number {
    return this.#pairs[place * 2 + 1] as number;
  }

  /** Whether the pair at `place` comes after the given one. */
  isAfter(place: number, atMs: number, value: number): boolean {
    const time = this.timeAt(place);
    return time > atMs || (time === atMs && this.valueAt(place) > value);
  }

  /** Where the pair is, or belongs. */
  placeOf(atMs: number, value: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >> 1;
      const isBefore =
        this.timeAt(middle) < atMs || (this.timeAt(middle) === atMs && this.valueAt(middle) < value);
      if (isBefore) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  has(atMs: number, value: number): boolean {
    const place = this.placeOf(atMs, value);
    return place < this.count && this.timeAt(place) === atMs && this.valueAt(place) === value;
  }

  insert(place: number, atMs: number, value: number): void {
    if (this.count * 2 === this.#pairs.length) this.#grow();
    const pairs = this.#pairs;
    pairs.copyWithin(place * 2 + 2, place * 2, this.count * 2);
    pairs[place * 2] = atMs;
    pairs[place * 2 + 1] = value;
    this.count++;
  }

  remove(place: number): void {
    this.#pairs.copyWithin(place * 2, place * 2 + 2, this.count * 2);
    this.count--;
  }

  /** Moves the later half to a chunk of its own. */
  split(): Chunk {
    const later = new Chunk(PAIRS_MAX);
    const kept = this.count >> 1;
    later.#pairs.set(this.#pairs.subarray(kept * 2, this.count * 2));
    later.count = this.count - kept;
    this.count = kept;
    return later;
  }

  #grow(): void {
    const larger = new Float64Array(Math.min(PAIRS_MAX * 2, this.#pairs.length * 2));
    larger.set(this.#pairs);
    this.#pairs = larger;
  }
}
