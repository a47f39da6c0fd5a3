import type { Clock, Timer } from '../../../src/services/clock.ts';

/** A clock whose time passes when the test says so. */
export class ManualClock implements Clock {
  #nowMs = 1_000_000;
  readonly #timers: Set<{ readonly atMs: number; readonly run: () => void }> = new Set();

  nowMs(): number {
    return this.#nowMs;
  }

  setTimer(delayMs: number, run: () => void): Timer {
    const timer = { atMs: this.#nowMs + delayMs, run };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }

  advance(ms: number): void {
    this.#nowMs += ms;
    for (const timer of this.#timers) {
      if (timer.atMs > this.#nowMs) continue;
      this.#timers.delete(timer);
      timer.run();
    }
  }
}
