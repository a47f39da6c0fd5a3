import type { StorageTimer } from '../../src/storage/file/storage-timer.ts';

interface TimedEvent {
  readonly dueMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** More events than any test needs: something tries for ever. */
const EVENTS_MAX = 100_000;

/** Time that passes from event to event. Two events at the same time happen in the order in which they were asked for. */
export class SimulatedTime implements StorageTimer {
  nowMs = 0;
  #events: TimedEvent[] = [];
  #order = 0;
  #eventCount = 0;
  #isAutomatic = false;

  /** How many events are to come. */
  get pendingCount(): number {
    return this.#events.length;
  }

  after(ms: number, run: () => void): () => void {
    const event = { dueMs: this.nowMs + ms, order: this.#order++, run };
    const index = this.#events.findLastIndex(({ dueMs }) => dueMs <= event.dueMs);
    this.#events.splice(index + 1, 0, event);
    if (this.#isAutomatic && this.#events.length === 1) setImmediate(() => this.#runOn());
    return () => {
      this.#events = this.#events.filter((each) => each !== event);
    };
  }

  /** From now on time passes by itself, whenever nothing else is to be done. */
  passByItself(): void {
    this.#isAutomatic = true;
    setImmediate(() => this.#runOn());
  }

  /** Lets time pass until `isDone` says so; false: nothing is to come any more, and it does not. */
  async runUntil(isDone: () => boolean): Promise<boolean> {
    for (;;) {
      await everythingElse();
      if (isDone()) return true;
      if (this.#events.length === 0) return false;
      this.runNext();
    }
  }

  /** Lets `ms` pass. */
  async pass(ms: number): Promise<void> {
    let isOver = false;
    this.after(ms, () => {
      isOver = true;
    });
    await this.runUntil(() => isOver);
    await everythingElse();
  }

  /** What `promise` comes to, however long it takes. */
  async ends<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const settle = (): void => {
      isSettled = true;
    };
    promise.then(settle, settle);
    if (!(await this.runUntil(() => isSettled))) throw new Error('nothing is to come that could end this');
    return promise;
  }

  runNext(): void {
    const event = this.#events.shift();
    if (event === undefined) return;
    if (++this.#eventCount > EVENTS_MAX) throw new Error(`more than ${EVENTS_MAX} events: this does not end`);
    this.nowMs = event.dueMs;
    event.run();
  }

  #runOn(): void {
    if (this.#events.length === 0) return;
    this.runNext();
    setImmediate(() => this.#runOn());
  }
}

/** Resolves when all that can go on without time has gone on. */
function everythingElse(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
