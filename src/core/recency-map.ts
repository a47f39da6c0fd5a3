/** A map of bounded size: what was neither set nor asked for the longest gives way to what is new. */
export class RecencyMap<K, V> {
  readonly #sizeMax: number;
  /** In the order in which they were last set or asked for. */
  readonly #entries = new Map<K, V>();

  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: K): V | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    return value;
  }

  set(key: K, value: V): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#sizeMax) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      return;
    }
  }

  delete(key: K): boolean {
    return this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }

  /** From the least recent on. */
  entries(): IterableIterator<[K, V]> {
    return this.#entries.entries();
  }

  /** From the least recent on. */
  values(): IterableIterator<V> {
    return this.#entries.values();
  }
}
