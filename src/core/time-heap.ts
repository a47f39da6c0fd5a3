/**
 * A binary min-heap of (time, value) pairs in one typed array: 16 bytes an entry, for what may be there by the million.
 * Pairs of one time leave it in the order of their values.
 *
 *     entries: [ time 0, value 0, time 1, value 1, ... ]     children of pair i: 2i + 1, 2i + 2
 */
export class TimeHeap {
  size = 0;
  #entries: Float64Array = new Float64Array(0);

  /** The least time; Infinity when empty. */
  get nextMs(): number {
    return this.size === 0 ? Number.POSITIVE_INFINITY : (this.#entries[0] as number);
  }

  push(atMs: number, value: number): void {
    if (this.size * 2 === this.#entries.length) this.#grow();
    let hole = this.size++;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      if (!this.#isAfter(parent, atMs, value)) break;
      this.#move(parent, hole);
      hole = parent;
    }
    this.#put(hole, atMs, value);
  }

  /** Removes the pair of the least time and returns its value. The heap must not be empty. */
  pop(): number {
    const entries = this.#entries;
    const least = entries[1] as number;
    this.size--;
    const atMs = entries[this.size * 2] as number;
    const value = entries[this.size * 2 + 1] as number;
    let hole = 0;
    for (;;) {
      let child = 2 * hole + 1;
      if (child >= this.size) break;
      const right = child + 1;
      if (
        right < this.size &&
        this.#isAfter(child, entries[right * 2] as number, entries[right * 2 + 1] as number)
      ) {
        child = right;
      }
      if (this.#isAfter(child, atMs, value)) break;
      this.#move(child, hole);
      hole = child;
    }
    this.#put(hole, atMs, value);
    if (this.size === 0) this.clear();
    return least;
  }

  clear(): void {
    this.size = 0;
    this.#entries = new Float64Array(0);
  }

  /** Whether pair `index` comes after the given one. */
  #isAfter(index: number, atMs: number, value: number): boolean {
    const time = this.#entries[index * 2] as number;
    return time > atMs || (time === atMs && (this.#entries[index * 2 + 1] as number) > value);
  }

  #move(from: number, to: number): void {
    this.#put(to, this.#entries[from * 2] as number, this.#entries[from * 2 + 1] as number);
  }

  #put(index: number, atMs: number, value: number): void {
    this.#entries[index * 2] = atMs;
    this.#entries[index * 2 + 1] = value;
  }

  #grow(): void {
    const larger = new Float64Array(Math.max(16, this.#entries.length * 2));
    larger.set(this.#entries);
    this.#entries = larger;
  }
}
