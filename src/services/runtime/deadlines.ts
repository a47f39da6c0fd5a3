import type { Clock, Timer } from '../clock.ts';

/** What has to end in time, in a list, as a set is made anew again and again when its members come and go. */
class Entry {
  readonly endMs: number;
  readonly reject: (reason: Error) => void;
  readonly failure: () => Error;
  before: Entry | undefined;
  behind: Entry | undefined;
  isIn = false;

  constructor(endMs: number, reject: (reason: Error) => void, failure: () => Error) {
    this.endMs = endMs;
    this.reject = reject;
    this.failure = failure;
  }
}

/** Bounds what takes equally long at most with one timer for all: whatever begins later ends later. */
export class Deadlines {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  #first: Entry | undefined;
  #last: Entry | undefined;
  #timer: Timer | undefined;

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /** Settles as the promise does, or rejects with what `failure` makes when the time is over. */
  bounded<T>(promise: PromiseLike<T>, failure: () => Error): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const entry = new Entry(this.#clock.nowMs() + this.#timeoutMs, reject, failure);
      this.#add(entry);
      promise.then(
        (value) => {
          this.#remove(entry);
          resolve(value);
        },
        (reason) => {
          this.#remove(entry);
          reject(reason as Error);
        },
      );
    });
  }

  /** All that is bounded at the moment rejects with the reason. */
  endAll(reason: Error): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (let entry = this.#first; entry !== undefined; entry = this.#first) {
      this.#remove(entry);
      entry.reject(reason);
    }
  }

  #add(entry: Entry): void {
    entry.isIn = true;
    entry.before = this.#last;
    if (this.#last === undefined) this.#first = entry;
    else this.#last.behind = entry;
    this.#last = entry;
    if (this.#timer === undefined) this.#wait(this.#timeoutMs);
  }

  #remove(entry: Entry): void {
    if (!entry.isIn) return;
    entry.isIn = false;
    if (entry.before === undefined) this.#first = entry.behind;
    else entry.before.behind = entry.behind;
    if (entry.behind === undefined) this.#last = entry.before;
    else entry.behind.before = entry.before;
  }

  #wait(delayMs: number): void {
    this.#timer = this.#clock.setTimer(delayMs, () => this.#expire());
  }

  #expire(): void {
    this.#timer = undefined;
    const nowMs = this.#clock.nowMs();
    for (let entry = this.#first; entry !== undefined; entry = this.#first) {
      if (entry.endMs > nowMs) {
        this.#wait(entry.endMs - nowMs);
        return;
      }
      this.#remove(entry);
      entry.reject(entry.failure());
    }
  }
}
