/** One real time for a whole simulated cluster. Clocks of machines are made of it, and differ. */
export class SimulatedTime {
  nowMs = 0;
  /** A heap: the event that is due first is first. */
  readonly #events: SimulatedEvent[] = [];
  #count = 0;

  /** Calls `run` in `ms` milliseconds. Of two that are due at once the one that was set first is first. */
  after(ms: number, run: () => void): void {
    this.#events.push({ atMs: this.nowMs + Math.max(0, ms), order: this.#count++, run });
    this.#rise(this.#events.length - 1);
  }

  /** Runs what is due up to `untilMs`, and what comes of it; after each event, `afterEach`. */
  async runUntil(untilMs: number, afterEach: () => void): Promise<void> {
    for (;;) {
      const [first] = this.#events;
      if (first === undefined || first.atMs > untilMs) break;
      this.#removeFirst();
      this.nowMs = first.atMs;
      first.run();
      for (let tick = 0; tick < MICROTASKS; tick++) await undefined;
      afterEach();
    }
    this.nowMs = untilMs;
  }

  #rise(from: number): void {
    const events = this.#events;
    for (let at = from; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (!isBefore(events[at], events[parent])) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #removeFirst(): void {
    const events = this.#events;
    this.#swap(0, events.length - 1);
    events.pop();
    for (let at = 0; ; ) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < events.length && isBefore(events[child], events[least])) least = child;
      }
      if (least === at) return;
      this.#swap(at, least);
      at = least;
    }
  }

  #swap(one: number, other: number): void {
    const events = this.#events;
    [events[one], events[other]] = [events[other] as SimulatedEvent, events[one] as SimulatedEvent];
  }
}

interface SimulatedEvent {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** As many as promises follow each other in what is simulated, and some. */
const MICROTASKS = 8;

function isBefore(one: SimulatedEvent | undefined, other: SimulatedEvent | undefined): boolean {
  if (one === undefined || other === undefined) return false;
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}
