import type { Deadline } from '../deadlines.ts';
import type { Runtime } from '../runtime.ts';
import { TimeHeap } from '../time-heap.ts';
import type { Lane } from './lane.ts';

/** Messages of one queue whose delay ends in one turn. */
const RELEASED_PER_TURN = 1024;
/** Room for the index of a lane below the seq: a queue has 256 priorities at most. */
const LANES_MAX = 256;

/** Requeued messages of a queue that wait for their delayed retry. 16 bytes each. */
export class HeldMessages {
  readonly #runtime: Runtime;
  readonly #lanes: readonly Lane[];
  readonly #release: (lane: Lane, seq: number) => void;
  /** The value is `seq * LANES_MAX + index of the lane`. */
  readonly #times = new TimeHeap();
  readonly #deadline: Deadline;

  constructor(runtime: Runtime, lanes: readonly Lane[], release: (lane: Lane, seq: number) => void) {
    this.#runtime = runtime;
    this.#lanes = lanes;
    this.#release = release;
    this.#deadline = runtime.makeDeadline((nowMs) => this.#due(nowMs));
  }

  get count(): number {
    return this.#times.size;
  }

  /** When the first of them is ready again, in core time; Infinity when there is none. */
  get nextMs(): number {
    return this.#times.nextMs;
  }

  add(lane: Lane, seq: number, dueMs: number): void {
    this.#times.push(dueMs, seq * LANES_MAX + this.#lanes.indexOf(lane));
    this.#runtime.deadlines.set(this.#deadline, this.#times.nextMs);
  }

  clear(): void {
    this.#times.clear();
    this.#runtime.deadlines.clear(this.#deadline);
  }

  #due(nowMs: number): void {
    for (let count = 0; count < RELEASED_PER_TURN && this.#times.nextMs <= nowMs; count++) {
      const value = this.#times.pop();
      const seq = Math.floor(value / LANES_MAX);
      this.#release(this.#lanes[value - seq * LANES_MAX] as Lane, seq);
    }
    this.#runtime.deadlines.set(this.#deadline, this.#times.nextMs);
  }
}
