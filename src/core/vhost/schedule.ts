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
 * messages of a queue, in a lane of their own; here is only when each is due. A persistent one is there again after a
 * restart, and what was due meanwhile is published then.
 */
export class Schedule {
  readonly #runtime: Runtime;
  readonly #publish: (publication: Publication) => void;
  readonly #lane: Lane;
  readonly #lanes: readonly Lane[];
  readonly #times = new TimeHeap();
  readonly #deadline: Deadline;

  /** `laneId`: the lane of a schedule that is there again after a restart. */
  constructor(runtime: Runtime, publish: (publication: Publication) => void, laneId?: number) {
    this.#runtime = runtime;
    this.#publish = publish;
    this.#deadline = runtime.makeDeadline((nowMs) => this.#due(nowMs));
    this.#lane = laneId === undefined ? this.#makeLane() : this.#adoptLane(laneId);
    this.#lanes = [this.#lane];
  }

  get laneId(): number {
    return this.#lane.id;
  }

  get count(): number {
    return this.#times.size;
  }

  /** Publishes the message at `dueMs` of core time. Its exchange is looked up then. */
  add(publication: Publication, dueMs: number): void {
    const lane = this.#lane;
    const { store } = this.#runtime;
    const durable = publication.persistent && store.survives;
    const nowMs = this.#runtime.now();
    lane.push(appendMessageRecord(store, publication, this.#lanes, 0, 1, durable, nowMs));
    const seq = lane.take();
    if (durable) store.note(lane.id, seq, 0, dueMs);
    this.#hold(seq, dueMs);
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
    const position = this.#lane.position(seq);
    const publication = Publication.fromRecord(this.#runtime.readRecord(position));
    this.#runtime.settle(this.#lane, seq, position);
    return publication;
  }

  #hold(seq: number, dueMs: number): void {
    this.#times.push(dueMs, seq);
    this.#runtime.deadlines.set(this.#deadline, this.#times.nextMs);
  }

  #makeLane(): Lane {
    const runtime = this.#runtime;
    return runtime.store.survives ? runtime.makeRecordedLane(undefined) : runtime.makeLane(undefined);
  }

  #adoptLane(id: number): Lane {
    const restored = this.#runtime.takeRestored(id);
    for (const { seq, dueMs } of restored.adoptScheduled()) this.#hold(seq, dueMs);
    // The host has to hear of the deadline.
    this.#runtime.requestTurn();
    return restored.lane;
  }
}
