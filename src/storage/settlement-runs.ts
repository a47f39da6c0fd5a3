/** Runs that one record takes; a lane with more gets several records. */
const RUNS_MAX = 1024;

/** Takes one record: `runs[0, 2 * runCount)` are first seq and count, again and again. */
export type WriteRuns = (laneId: number, runs: Float64Array, runCount: number, coldBlock: number) => void;

/**
 * Gathers what is settled in a turn into runs of sequence numbers, one record for each lane in turn: a consumer that
 * acknowledges in order makes one small record, however many messages it took.
 */
export class SettlementRuns {
  readonly #write: WriteRuns;
  readonly #runs = new Float64Array(2 * RUNS_MAX);
  #laneId = 0;
  #runCount = 0;
  /** The seq that would make the last run longer. */
  #nextSeq = -1;
  /** The newest cold block that a message of these may be in; 0: none is cold. */
  #coldBlock = 0;

  constructor(write: WriteRuns) {
    this.#write = write;
  }

  /** Runs per message. */
  add(laneId: number, seq: number, coldBlock: number): void {
    if (seq === this.#nextSeq && laneId === this.#laneId) {
      (this.#runs[2 * this.#runCount - 1] as number)++;
      this.#nextSeq++;
      if (coldBlock > this.#coldBlock) this.#coldBlock = coldBlock;
    } else {
      this.addRange(laneId, seq, seq + 1, coldBlock);
    }
  }

  /** `from` to `to`, exclusive. */
  addRange(laneId: number, from: number, to: number, coldBlock: number): void {
    if (laneId !== this.#laneId || this.#runCount === RUNS_MAX) this.flush();
    this.#laneId = laneId;
    this.#runs[2 * this.#runCount] = from;
    this.#runs[2 * this.#runCount + 1] = to - from;
    this.#runCount++;
    this.#nextSeq = to;
    if (coldBlock > this.#coldBlock) this.#coldBlock = coldBlock;
  }

  /** Writes what is gathered. */
  flush(): void {
    if (this.#runCount === 0) return;
    this.#write(this.#laneId, this.#runs, this.#runCount, this.#coldBlock);
    this.#runCount = 0;
    this.#nextSeq = -1;
    this.#coldBlock = 0;
  }
}
