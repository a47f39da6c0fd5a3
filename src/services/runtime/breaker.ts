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

/** The attempt that is let through while the others wait. Whoever got it says with it how the attempt ended. */
export class Probe {}

/**
 * Spares what a part depends on while it fails: after ten failures in a row one attempt is made at a time, with growing pauses
 * between them.
 *
 *     closed --10 failures in a row--> probing --a success--> closed
 *
 * While probing, attempts that began before say nothing by failing: only the probe decides when the next one begins.
 *
 * **Invariant:** while probing, at most one attempt is under way that was let through since.
 */
export class Breaker {
  readonly #environment: Environment;
  readonly #events: BreakerEvents;
  #failuresInRow = 0;
  #isProbing = false;
  /** The attempt that was let through, until it ends. */
  #probe: Probe | undefined;
  #pauseMs = PAUSE_MS;
  /** The pause before the next probe. */
  #timer: Timer | undefined;
  #isStopped = false;
  #waiting: ((probe: Probe | undefined) => void)[] = [];

  constructor(environment: Environment, events: BreakerEvents) {
    this.#environment = environment;
    this.#events = events;
  }

  /** Undefined when an attempt may begin; otherwise resolves with its probe when it may, or with undefined when the service stops. */
  enter(): Promise<Probe | undefined> | undefined {
    if (!this.#isProbing) return undefined;
    if (this.#isStopped) return Promise.resolve(undefined);
    // it is the clock that is waited for
    this.#environment.workEnded();
    const entered = new Promise<Probe | undefined>((resolve) => this.#waiting.push(resolve));
    this.#letOneGo();
    return entered;
  }

  succeeded(): void {
    this.#failuresInRow = 0;
    if (!this.#isProbing) return;
    this.#isProbing = false;
    this.#probe = undefined;
    this.#pauseMs = PAUSE_MS;
    this.#cancelPause();
    this.#events.onRecovered();
    this.#release(() => new Probe());
  }

  failed(probe?: Probe): void {
    if (this.#isProbing) {
      if (!this.#isCurrent(probe)) return;
      this.#pauseMs = Math.min(this.#pauseMs * 2, PAUSE_MAX_MS);
      this.#pause();
      return;
    }
    this.#failuresInRow += 1;
    if (this.#failuresInRow < FAILURES_MAX) return;
    this.#isProbing = true;
    this.#events.onProbing();
    this.#pause();
  }

  /** An attempt ended that says nothing about the part, as one of a message that makes no sense, or was handled before. */
  endedOtherwise(probe?: Probe): void {
    if (this.#isCurrent(probe)) this.#pause();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelPause();
    this.#release(() => undefined);
  }

  #isCurrent(probe: Probe | undefined): boolean {
    return this.#isProbing && probe !== undefined && probe === this.#probe;
  }

  #pause(): void {
    this.#probe = undefined;
    if (this.#isStopped) return;
    this.#timer = this.#environment.clock.setTimer(this.#pauseMs, () => {
      this.#timer = undefined;
      this.#letOneGo();
    });
  }

  #cancelPause(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #letOneGo(): void {
    if (this.#probe !== undefined || this.#timer !== undefined) return;
    const next = this.#waiting.shift();
    if (next === undefined) return;
    this.#probe = new Probe();
    this.#environment.workBegan();
    next(this.#probe);
  }

  #release(probeOf: () => Probe | undefined): void {
    for (const resolve of this.#waiting.splice(0)) {
      this.#environment.workBegan();
      resolve(probeOf());
    }
  }
}
