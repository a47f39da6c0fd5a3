import type { Timer } from '../clock.ts';
import type { Environment } from './environment.ts';

/** Attempts that fail in a row before messages are let through one at a time. */
const FAILURES_MAX = 10;
const PAUSE_MS = 100;
const PAUSE_MAX_MS = 10_000;

export interface BreakerEvents {
  onProbing(): void;
  onRecovered(): void;
}

/**
 * Spares what a part depends on while it fails: after ten failures in a row one attempt is made at a time, with growing pauses
 * between them.
 *
 *     closed --10 failures in a row--> probing --a success--> closed
 *
 * **Invariant:** while probing, at most one attempt is under way that was let through since.
 */
export class Breaker {
  readonly #environment: Environment;
  readonly #events: BreakerEvents;
  #failuresInRow = 0;
  #isProbing = false;
  /** An attempt is under way, or the pause before the next one. */
  #isBusy = false;
  #pauseMs = PAUSE_MS;
  #timer: Timer | undefined;
  #isStopped = false;
  #waiting: ((mayGo: boolean) => void)[] = [];

  constructor(environment: Environment, events: BreakerEvents) {
    this.#environment = environment;
    this.#events = events;
  }

  /** Undefined when an attempt may begin; otherwise resolves when it may, or with false when the service stops. */
  enter(): Promise<boolean> | undefined {
    if (!this.#isProbing) return undefined;
    if (this.#isStopped) return Promise.resolve(false);
    // it is the clock that is waited for
    this.#environment.workEnded();
    const entered = new Promise<boolean>((resolve) => this.#waiting.push(resolve));
    this.#letOneGo();
    return entered;
  }

  succeeded(): void {
    this.#failuresInRow = 0;
    if (!this.#isProbing) return;
    this.#isProbing = false;
    this.#isBusy = false;
    this.#pauseMs = PAUSE_MS;
    this.#timer?.cancel();
    this.#events.onRecovered();
    this.#release(true);
  }

  failed(): void {
    this.#failuresInRow += 1;
    if (this.#isProbing) {
      this.#pauseMs = Math.min(this.#pauseMs * 2, PAUSE_MAX_MS);
      this.#wait();
    } else if (this.#failuresInRow >= FAILURES_MAX) {
      this.#isProbing = true;
      this.#events.onProbing();
      this.#wait();
    }
  }

  /** An attempt ended that says nothing about the part, as one of a message that makes no sense. */
  endedOtherwise(): void {
    if (this.#isProbing) this.#wait();
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#release(false);
  }

  #wait(): void {
    this.#isBusy = true;
    this.#timer?.cancel();
    this.#timer = this.#environment.clock.setTimer(this.#pauseMs, () => {
      this.#isBusy = false;
      this.#letOneGo();
    });
  }

  #letOneGo(): void {
    if (this.#isBusy) return;
    const next = this.#waiting.shift();
    if (next === undefined) return;
    this.#isBusy = true;
    this.#environment.workBegan();
    next(true);
  }

  #release(mayGo: boolean): void {
    for (const resolve of this.#waiting.splice(0)) {
      this.#environment.workBegan();
      resolve(mayGo);
    }
  }
}
