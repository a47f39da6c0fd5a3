import type { Scheduler } from '../core/environment.ts';

/** Node turns a longer timeout into 1 ms. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1;

/**
 * Runs the broker's turns on Node's event loop: at most one immediate is pending, and at most one timer.
 *
 * A timer is not replaced when the wanted time moves later, which it does all the time: it fires early and is set again.
 * Timers do not keep the process alive; the sockets of a listener do.
 */
export class NodeScheduler implements Scheduler {
  readonly #turn: () => void;
  readonly #runImmediate: () => void;
  readonly #runTimer: () => void;
  #immediate: NodeJS.Immediate | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** When the timer fires; Infinity without one. */
  #timerAtMs = Number.POSITIVE_INFINITY;
  #wantedAtMs = Number.POSITIVE_INFINITY;
  #stopped = false;

  constructor(turn: () => void) {
    this.#turn = turn;
    this.#runImmediate = () => this.#onImmediate();
    this.#runTimer = () => this.#onTimer();
  }

  requestTurn(): void {
    if (this.#immediate !== undefined || this.#stopped) return;
    this.#immediate = setImmediate(this.#runImmediate);
  }

  requestTurnAt(atMs: number): void {
    this.#wantedAtMs = atMs;
    if (atMs < this.#timerAtMs) this.#setTimer();
  }

  /** Runs the turn that is pending, if one is, at once. Not to be called from inside the broker. */
  runPendingTurn(): void {
    if (this.#immediate === undefined) return;
    clearImmediate(this.#immediate);
    this.#onImmediate();
  }

  /** No more turns. */
  stop(): void {
    this.#stopped = true;
    clearImmediate(this.#immediate);
    this.#immediate = undefined;
    clearTimeout(this.#timer);
  }

  #onImmediate(): void {
    this.#immediate = undefined;
    this.#turn();
  }

  #onTimer(): void {
    this.#timer = undefined;
    this.#timerAtMs = Number.POSITIVE_INFINITY;
    if (performance.now() < this.#wantedAtMs) {
      if (this.#wantedAtMs !== Number.POSITIVE_INFINITY) this.#setTimer();
      return;
    }
    this.#wantedAtMs = Number.POSITIVE_INFINITY;
    this.#turn();
  }

  #setTimer(): void {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    const waitMs = Math.max(0, this.#wantedAtMs - performance.now());
    this.#timer = setTimeout(this.#runTimer, Math.min(Math.ceil(waitMs), TIMEOUT_MS_MAX));
    this.#timer.unref();
    this.#timerAtMs = this.#wantedAtMs;
  }
}
