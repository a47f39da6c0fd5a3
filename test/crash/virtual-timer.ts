import type { Clock } from '../../src/core/environment.ts';
import type { StorageTimer } from '../../src/storage/file/storage-timer.ts';

/** Timers of a clock that the test moves. They fire when the test asks, in the order of their times. */
export class VirtualTimer implements StorageTimer {
  readonly #clock: Clock;
  readonly #waiting = new Set<{ readonly atMs: number; readonly callback: () => void }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { atMs: this.#clock.nowMs() + ms, callback };
    this.#waiting.add(timer);
    return () => {
      this.#waiting.delete(timer);
    };
  }

  get nextMs(): number {
    let nextMs = Number.POSITIVE_INFINITY;
    for (const { atMs } of this.#waiting) nextMs = Math.min(nextMs, atMs);
    return nextMs;
  }

  /** Fires those whose time has come. */
  runDue(): void {
    const due = [...this.#waiting].filter(({ atMs }) => atMs <= this.#clock.nowMs());
    for (const timer of due.sort((a, b) => a.atMs - b.atMs)) {
      if (this.#waiting.delete(timer)) timer.callback();
    }
  }
}
