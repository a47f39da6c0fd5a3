/**
 * A binary min-heap of numbers: the requeued messages of a lane, served in the order of their seq. Requeues mostly come
 * in ascending order, which a heap takes in constant time. 8 bytes an entry.
 */
export class SeqHeap {
  size = 0;
  #entries: Float64Array = new Float64Array(0);

  push(seq: number): void {
    if (this.size === this.#entries.length) this.#grow();
    const entries = this.#entries;
    let hole = this.size++;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      const above = entries[parent] as number;
      if (above <= seq) break;
      entries[hole] = above;
      hole = parent;
    }
    entries[hole] = seq;
  }

  /** The smallest entry. The heap must not be empty. */
  peek(): number {
    return this.#entries[0] as number;
  }

  /** Removes and returns the smallest entry. The heap must not be empty. */
  pop(): number {
    const entries = this.#entries;
    const least = entries[0] as number;
    const last = entries[--this.size] as number;
    let hole = 0;
    for (;;) {
      let child = 2 * hole + 1;
      if (child >= this.size) break;
      if (child + 1 < this.size && (entries[child + 1] as number) < (entries[child] as number)) child++;
      if ((entries[child] as number) >= last) break;
      entries[hole] = entries[child] as number;
      hole = child;
    }
    entries[hole] = last;
    if (this.size === 0) this.#entries = new Float64Array(0);
    return least;
  }

  /** Whether `seq` is in it. Walks over the entries. */
  has(seq: number): boolean {
    return this.#entries.subarray(0, this.size).includes(seq);
  }

  /** Takes `seq` out, which must be in it, wherever it is. Walks over the entries. */
  remove(seq: number): void {
    const entries = this.#entries;
    let hole = entries.subarray(0, this.size).indexOf(seq);
    // As if it were smaller than all others: up to the top with it.
    for (; hole > 0; hole = (hole - 1) >> 1) entries[hole] = entries[(hole - 1) >> 1] as number;
    this.pop();
  }

  /** The smallest entries that are not below `least`, ascending, `countMax` at most. Walks over all entries. */
  from(least: number, countMax: number): number[] {
    const found: number[] = [];
    let limit = Number.POSITIVE_INFINITY;
    for (let index = 0; index < this.size; index++) {
      const entry = this.#entries[index] as number;
      if (entry < least || entry >= limit) continue;
      found.push(entry);
      if (found.length < 2 * countMax) continue;
      found.sort((a, b) => a - b).length = countMax;
      limit = found[countMax - 1] as number;
    }
    found.sort((a, b) => a - b);
    return found.length > countMax ? found.slice(0, countMax) : found;
  }

  /** Takes all entries out: ascending. */
  drain(): Float64Array {
    const sorted = this.#entries.slice(0, this.size).sort();
    this.size = 0;
    this.#entries = new Float64Array(0);
    return sorted;
  }

  #grow(): void {
    const larger = new Float64Array(Math.max(16, this.#entries.length * 2));
    larger.set(this.#entries);
    this.#entries = larger;
  }
}
