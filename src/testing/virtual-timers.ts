import type { Clock, Timer } from '../services/clock.ts';

interface PendingTimer {
  readonly dueMs: number;
  /** Of two that are due at the same time the one that was set first is first. */
  readonly order: number;
  readonly run: () => void;
}

/**
 * The clock of services under test: its time is that of a test broker, and its timers run when somebody moves that. What is
 * cancelled is removed at once: a handler has a timer of its own, which hardly ever comes to its time.
 */
export class VirtualTimers implements Clock {
  readonly #wallMs: () => number;
  /** Sorted by time, the next one last. */
  readonly #pending: PendingTimer[] = [];
  #lastOrder = 0;

  /** `wallMs`: milliseconds since 1970. */
  constructor(wallMs: () => number) {
    this.#wallMs = wallMs;
  }

  nowMs(): number {
    return this.#wallMs();
  }

  /** When the next timer is due; Infinity when there is none. */
  get nextMs(): number {
    return this.#pending.at(-1)?.dueMs ?? Number.POSITIVE_INFINITY;
  }

  setTimer(delayMs: number, run: () => void): Timer {
    this.#lastOrder += 1;
    const timer = { dueMs: this.nowMs() + Math.max(0, delayMs), order: this.#lastOrder, run };
    this.#pending.splice(this.#placeOf(timer), 0, timer);
    return { cancel: () => this.#cancel(timer) };
  }

  /** Runs the next timer if its time has come. */
  runNext(): boolean {
    if (this.nextMs > this.nowMs()) return false;
    this.#pending.pop()?.run();
    return true;
  }

  /** Forgets all timers. */
  clear(): void {
    this.#pending.length = 0;
  }

  #cancel(timer: PendingTimer): void {
    const place = this.#placeOf(timer);
    if (this.#pending[place] === timer) this.#pending.splice(place, 1);
  }

  /** Where it is, or belongs: behind all that come after it. */
  #placeOf(timer: PendingTimer): number {
    let low = 0;
    let high = this.#pending.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isLater(this.#pending[middle] as PendingTimer, timer)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function isLater(one: PendingTimer, other: PendingTimer): boolean {
  return one.dueMs > other.dueMs || (one.dueMs === other.dueMs && one.order > other.order);
}
