/**
 * How far a lane may deliver, and what a restart has to take for delivered.
 *
 * No delivery waits for the disk, and yet each message that was delivered before a crash has to come back as redelivered. So a
 * lane says in advance how far it may get, and delivers below what is durable of that only:
 *
 *      delivered        may be delivered       new
 *     +----------------+----------------------+---------------------+
 *                      cursor                 durable               recorded, on its way to the disk
 *
 * After a crash everything unsettled below the recorded reach counts as delivered: that may be too much, and is never too
 * little. Without any record it is the first step, so that a queue that saw few messages records nothing.
 */

/** How far ahead of the cursor a reach is recorded: what one queue delivers in a turn. */
export const REACH_STEP = 16_384;
/** What a busy lane grows to: about a quarter of a second of the fastest deliveries. */
const REACH_STEP_MAX = 2 ** 18;

export class Reach {
  /** Messages below it may be delivered. */
  durable: number = REACH_STEP;
  /** What was recorded last; undefined: nothing, and REACH_STEP counts. */
  recorded: number | undefined;
  #step = REACH_STEP;
  /** Where the cursor was when `recorded` was. */
  #advancedAt = 0;
  /** `recorded` is of this run; at the start of a run every lane is short. */
  #isOurs = false;
  #isPending = false;

  /** `upTo` was recorded: by an earlier run, or at the very end of this one. */
  set(upTo: number): void {
    this.recorded = upTo;
    this.durable = upTo;
  }

  /** Whether a lane with this cursor should record a new one now. */
  isShort(cursor: number): boolean {
    return !this.#isPending && cursor + this.#step / 2 >= this.durable;
  }

  /**
   * The new reach, which the caller records. A lane that came to the end of the old one, because the disk is slower than its
   * consumers, takes larger steps from now on.
   */
  advance(cursor: number): number {
    if (this.#isOurs && cursor >= this.durable) this.#step = Math.min(this.#step * 2, REACH_STEP_MAX);
    const recorded = cursor + this.#step;
    this.#advancedAt = cursor;
    this.recorded = recorded;
    this.#isOurs = true;
    this.#isPending = true;
    return recorded;
  }

  /**
   * What `advance` returned is durable, and the cursor has come to `cursor` meanwhile. When the lane did not have to wait, and
   * would not have with steps of half the size, they become smaller again: a crash makes all of a step redelivered.
   */
  becomeDurable(cursor: number): void {
    const waited = cursor >= this.durable;
    const wouldHaveWaited = cursor - this.#advancedAt >= this.#step / 4;
    if (!waited && !wouldHaveWaited) this.#step = Math.max(this.#step / 2, REACH_STEP);
    this.#isPending = false;
    this.durable = this.recorded ?? REACH_STEP;
  }
}
