import { setMaxListeners } from 'node:events';

/**
 * The time for which messages of a partition may be begun: from taking a place in the line of its consumers to giving it up.
 *
 *     open --end()--> ending (what has begun goes on) --the last one ends--> over
 */
export class Tenure {
  readonly #ending: AbortController = new AbortController();
  #underWayCount = 0;
  #over: (() => void)[] = [];

  constructor() {
    // each key that waits listens
    setMaxListeners(0, this.#ending.signal);
  }

  /** Aborts when nothing more is to begin: who waits for something gives up. */
  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  get isEnding(): boolean {
    return this.#ending.signal.aborted;
  }

  /** False when it is too late. Otherwise `ended` follows. */
  begin(): boolean {
    if (this.isEnding) return false;
    this.#underWayCount += 1;
    return true;
  }

  ended(): void {
    this.#underWayCount -= 1;
    if (this.#underWayCount === 0) for (const resolve of this.#over.splice(0)) resolve();
  }

  /** Resolves when nothing is under way. */
  end(): Promise<void> {
    this.#ending.abort();
    return this.#underWayCount === 0 ? Promise.resolve() : new Promise((resolve) => this.#over.push(resolve));
  }
}
