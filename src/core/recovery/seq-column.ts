/** Numbers per chunk: a lane with one message costs 2 KiB. */
const CHUNK = 512;

/**
 * A number below 2^32 for each seq of a lane, 0 unless it was set: four bytes each, in chunks, for what is there by the
 * million. Seqs mostly come in ascending order.
 */
export class SeqColumn {
  readonly #chunks = new Map<number, Uint32Array>();
  #recentNumber = -1;
  #recent: Uint32Array = new Uint32Array(0);

  /** Runs per message. */
  set(seq: number, value: number): void {
    const number = Math.floor(seq / CHUNK);
    if (number !== this.#recentNumber) this.#find(number);
    this.#recent[seq - number * CHUNK] = value;
  }

  /** Runs per message. */
  get(seq: number): number {
    const number = Math.floor(seq / CHUNK);
    if (number !== this.#recentNumber) this.#find(number);
    return this.#recent[seq - number * CHUNK] as number;
  }

  #find(number: number): void {
    let chunk = this.#chunks.get(number);
    if (chunk === undefined) {
      chunk = new Uint32Array(CHUNK);
      this.#chunks.set(number, chunk);
    }
    this.#recentNumber = number;
    this.#recent = chunk;
  }
}
