import type { Deadline } from '../deadlines.ts';
import type { Runtime } from '../runtime.ts';
import type { Lane } from './lane.ts';

interface Held {
  readonly lane: Lane;
  readonly seq: number;
}

/** Requeued messages that wait for their delayed retry. Rare, so an object each. */
export class HeldMessages {
  count = 0;
  readonly #runtime: Runtime;
  readonly #release: (lane: Lane, seq: number) => void;
  /** By due time; retries of one time are released in the order in which they were added. */
  readonly #byTime = new Map<number, Held[]>();
  readonly #deadlines = new Map<number, Deadline>();

  constructor(runtime: Runtime, release: (lane: Lane, seq: number) => void) {
    this.#runtime = runtime;
    this.#release = release;
  }

  add(lane: Lane, seq: number, dueMs: number): void {
    this.count++;
    const held = this.#byTime.get(dueMs);
    if (held !== undefined) {
      held.push({ lane, seq });
      return;
    }
    this.#byTime.set(dueMs, [{ lane, seq }]);
    const deadline = this.#runtime.makeDeadline(() => this.#due(dueMs));
    this.#deadlines.set(dueMs, deadline);
    this.#runtime.deadlines.set(deadline, dueMs);
    // Nothing answers a basic.nack: without a turn the host would not hear of the deadline.
    this.#runtime.requestTurn();
  }

  clear(): void {
    for (const deadline of this.#deadlines.values()) this.#runtime.deadlines.clear(deadline);
    this.#deadlines.clear();
    this.#byTime.clear();
    this.count = 0;
  }

  #due(dueMs: number): void {
    const held = this.#byTime.get(dueMs) ?? [];
    this.#byTime.delete(dueMs);
    this.#deadlines.delete(dueMs);
    this.count -= held.length;
    for (const { lane, seq } of held) this.#release(lane, seq);
  }
}
