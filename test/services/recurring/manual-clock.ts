import type { Clock, Timer } from '../../../src/services/clock.ts';

interface Waiting {
  readonly atMs: number;
  readonly order: number;
  run(): void;
}

/** A clock that stands still until it is told to go on. */
export class ManualClock implements Clock {
  #nowMs: number;
  #made = 0;
  readonly #waiting = new Set<Waiting>();

  constructor(start: string) {
    this.#nowMs = Date.parse(start);
  }

  get timerCount(): number {
    return this.#waiting.size;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  setTimer(delayMs: number, run: () => void): Timer {
    this.#made += 1;
    const waiting = { atMs: this.#nowMs + delayMs, order: this.#made, run };
    this.#waiting.add(waiting);
    return { cancel: () => void this.#waiting.delete(waiting) };
  }

  /** Runs what is due until then, in order. */
  advance(byMs: number): void {
    const untilMs = this.#nowMs + byMs;
    for (;;) {
      const next = this.#next(untilMs);
      if (next === undefined) break;
      this.#waiting.delete(next);
      this.#nowMs = next.atMs;
      next.run();
    }
    this.#nowMs = untilMs;
  }

  #next(untilMs: number): Waiting | undefined {
    const due = [...this.#waiting].filter(({ atMs }) => atMs <= untilMs);
    return due.sort((a, b) => a.atMs - b.atMs || a.order - b.order)[0];
  }
}
