import type { Scheduler } from '../core/environment.ts';

/**
 * Runs the turns that a broker asks for. "Soon" is soon in real time, so that clients of all kinds get their answers; "at" is
 * a moment of the virtual clock: it comes only when somebody moves the clock.
 */
export class VirtualScheduler implements Scheduler {
  readonly #turn: () => void;
  #immediate: NodeJS.Immediate | undefined;
  #deadlineMs = Number.POSITIVE_INFINITY;
  #turnCount = 0;
  #stopped = false;

  constructor(turn: () => void) {
    this.#turn = turn;
  }

  /** Turns that were run so far. */
  get turnCount(): number {
    return this.#turnCount;
  }

  /** A turn was asked for that has not run. */
  get turnIsDue(): boolean {
    return this.#immediate !== undefined;
  }

  /** When the broker wants its next turn at the latest; Infinity when it waits for nothing. */
  get deadlineMs(): number {
    return this.#deadlineMs;
  }

  requestTurn(): void {
    if (this.#immediate === undefined && !this.#stopped) {
      this.#immediate = setImmediate(() => this.runTurn());
    }
  }

  requestTurnAt(atMs: number): void {
    this.#deadlineMs = atMs;
  }

  runTurn(): void {
    if (this.#stopped) {
      return;
    }
    clearImmediate(this.#immediate);
    this.#immediate = undefined;
    this.#turnCount += 1;
    this.#turn();
  }

  /** The deadline has come: a broker that still waits for something asks again in its turn. */
  runDeadline(): void {
    this.#deadlineMs = Number.POSITIVE_INFINITY;
    this.runTurn();
  }

  stop(): void {
    this.#stopped = true;
    clearImmediate(this.#immediate);
    this.#immediate = undefined;
  }
}
