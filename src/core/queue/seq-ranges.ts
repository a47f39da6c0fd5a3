/**
 * Sequence numbers as sorted ranges: what a purge left behind, to be released piece by piece. A purge of a backlog is
 * one range, whatever its size.
 */
export class SeqRanges {
  /** From, to (exclusive), and again. **Invariant:** ascending. */
  #bounds: number[] = [];

  get isEmpty(): boolean {
    return this.#bounds.length === 0;
  }

  clear(): void {
    this.#bounds = [];
  }

  /** Whether `seq` is in one of them. */
  has(seq: number): boolean {
    const bounds = this.#bounds;
    let low = 0;
    let high = bounds.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((bounds[middle] as number) <= seq) low = middle + 1;
      else high = middle;
    }
    // An odd number of bounds at or below it: the last of them is a `from`.
    return (low & 1) === 1;
  }

  /** Adds ranges: from, to, and again, ascending. None of their seqs may be here already. */
  add(ranges: readonly number[]): void {
    const old = this.#bounds;
    const last = old[old.length - 1];
    if (last === undefined || last <= (ranges[0] as number)) {
      for (const bound of ranges) old.push(bound);
      return;
    }
    const merged: number[] = [];
    let index = 0;
    for (let at = 0; at < ranges.length; at += 2) {
      const from = ranges[at] as number;
      // A range that ends here comes before one that begins here.
      while (index < old.length && (old[index] as number) <= from) merged.push(old[index++] as number);
      merged.push(from, ranges[at + 1] as number);
    }
    while (index < old.length) merged.push(old[index++] as number);
    this.#bounds = merged;
  }

  /**
   * Takes out `countMax` seqs at most, those of the last range first, and hands them to `visit`; ends before one that it says
   * no to. Returns how many.
   */
  take(countMax: number, visit: (seq: number) => boolean): number {
    const bounds = this.#bounds;
    let count = 0;
    while (count < countMax && bounds.length > 0) {
      const from = bounds[bounds.length - 2] as number;
      const to = bounds[bounds.length - 1] as number;
      const end = Math.min(to, from + countMax - count);
      let seq = from;
      while (seq < end && visit(seq)) seq++;
      count += seq - from;
      if (seq === to) bounds.length -= 2;
      else bounds[bounds.length - 2] = seq;
      if (seq < end) break;
    }
    return count;
  }
}

/** Ascending seqs as ranges: from, to (exclusive), and again. */
export function rangesOf(seqs: Float64Array): number[] {
  const ranges: number[] = [];
  for (const seq of seqs) {
    if (ranges[ranges.length - 1] === seq) ranges[ranges.length - 1] = seq + 1;
    else ranges.push(seq, seq + 1);
  }
  return ranges;
}
