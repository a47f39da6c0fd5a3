import type { Deadline } from '../deadlines.ts';
import { appendMessageRecord } from '../message/message-record.ts';
import { Publication } from '../message/publication.ts';
import type { Lane } from '../queue/lane.ts';
import type { Runtime } from '../runtime.ts';
import { TimeHeap } from '../time-heap.ts';

/** Messages published in one turn because their time has come. */
const PUBLISHED_PER_TURN = 1024;

/**
 * The messages of a vhost that are to be published later (x-delay, x-deliver-at). They lie in the message store like the
 * messages of a queue, in a lane of their own; here is only when each is due.
 */
export class Schedule {
  readonly #runtime: Runtime;
  readonly #publish: (publication: Publication) => void;
  readonly #lane: Lane;
  readonly #lanes: readonly Lane[];
  readonly #times = new TimeHeap();
  readonly #deadline: Deadline;

  constructor(runtime: Runtime, publish: (publication: Publication) => void) {
    this.#runtime = runtime;
    this.#publish = publish;
    this.#lane = runtime.makeLane(undefined);
    this.#lanes = [this.#lane];
    this.#deadline = runtime.makeDeadline((nowMs) => this.#due(nowMs));
  }

  get count(): number {
    return this.#times.size;
  }

  /** Publishes the message when the monotonic clock reads `dueMs`. Its exchange is looked up then. */
  add(publication: Publication, dueMs: number): void {
    const lane = this.#lane;
    const position = appendMessageRecord(
      this.#runtime.store,
      publication,
      this.#lanes,
      0,
      1,
      this.#runtime.now(),
    );
    lane.push(position);
    this.#times.push(dueMs, lane.take());
    this.#runtime.deadlines.set(this.#deadline, this.#times.nextMs);
  }

  dispose(): void {
    this.#runtime.deadlines.clear(this.#deadline);
    this.#runtime.discard(this.#lane);
  }

  #due(nowMs: number): void {
    for (let count = 0; count < PUBLISHED_PER_TURN && this.#times.nextMs <= nowMs; count++) {
      this.#publish(this.#take(this.#times.pop()));
    }
    this.#runtime.deadlines.set(this.#deadline, this.#times.nextMs);
  }

  #take(seq: number): Publication {
    const publication = Publication.fromRecord(this.#runtime.readRecord(this.#lane.position(seq)));
    const position = this.#lane.position(seq);
    this.#lane.settle(seq);
    this.#runtime.store.release(position);
    return publication;
  }
}
