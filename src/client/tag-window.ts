/**
 * Values by consecutive tags, from 1 on: what is unconfirmed on a publishing channel, or unacked on a consuming one. A ring
 * buffer between the lowest tag that is still there and the next one, so that both ends cost the same whatever the size.
 */
export class TagWindow<T extends object> {
  /** **Invariant:** its length is a power of two, and at least `#nextTag - #lowTag`. */
  #slots: (T | undefined)[] = new Array(64).fill(undefined);
  /** Nothing below it is there. */
  #lowTag = 1;
  #nextTag = 1;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** The lowest tag that is there; the next one to be given when there is none. */
  get lowTag(): number {
    return this.#lowTag;
  }

  /** Adds a value under the next tag, and returns that. */
  add(value: T): number {
    if (this.#nextTag - this.#lowTag === this.#slots.length) this.#grow();
    const tag = this.#nextTag;
    this.#slots[tag & (this.#slots.length - 1)] = value;
    this.#nextTag += 1;
    this.#count += 1;
    return tag;
  }

  /** Removes and returns what has the tag; undefined when it is not there. */
  take(tag: number): T | undefined {
    if (tag < this.#lowTag || tag >= this.#nextTag) return undefined;
    const mask = this.#slots.length - 1;
    const value = this.#slots[tag & mask];
    if (value === undefined) return undefined;
    this.#slots[tag & mask] = undefined;
    this.#count -= 1;
    while (this.#lowTag < this.#nextTag && this.#slots[this.#lowTag & mask] === undefined) this.#lowTag += 1;
    return value;
  }

  /** Removes everything up to the tag, in order, and hands it over. */
  takeUpTo(tag: number, each: (value: T) => void): void {
    while (this.#lowTag <= tag && this.#lowTag < this.#nextTag) {
      const value = this.take(this.#lowTag);
      if (value !== undefined) each(value);
    }
  }

  /** Removes everything, in order. */
  takeAll(): T[] {
    const all: T[] = [];
    this.takeUpTo(this.#nextTag, (value) => all.push(value));
    return all;
  }

  /** The first one, in order, that is meant. */
  find(isMeant: (value: T) => boolean): T | undefined {
    for (let tag = this.#lowTag; tag < this.#nextTag; tag += 1) {
      const value = this.#slots[tag & (this.#slots.length - 1)];
      if (value !== undefined && isMeant(value)) return value;
    }
    return undefined;
  }

  #grow(): void {
    const before = this.#slots;
    const slots: (T | undefined)[] = new Array(before.length * 2).fill(undefined);
    for (let tag = this.#lowTag; tag < this.#nextTag; tag++) {
      slots[tag & (slots.length - 1)] = before[tag & (before.length - 1)];
    }
    this.#slots = slots;
  }
}
