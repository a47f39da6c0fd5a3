import { Deadline, Deadlines } from './deadlines.ts';
import type { Environment, Random } from './environment.ts';
import { MessageRecord } from './message/message-record.ts';
import type { MessageStore, RecordOwner } from './message/message-store.ts';
import { Lane, type LaneOwner } from './queue/lane.ts';

/** Something that may be able to deliver: a queue. */
export interface Pumpable {
  /** In the list of those to be pumped. Owned by Runtime, and cleared by `pump`. */
  due: boolean;
  /** Moves what can move now, a bounded number of messages, and returns how many: delivered, expired or dropped. */
  pump(): number;
}

/**
 * What all parts of a broker share: the environment, the time of this turn, deadlines, the lanes by id and the list of
 * queues that may be able to deliver. It knows nothing of vhosts, connections or protocols.
 */
export class Runtime implements RecordOwner {
  readonly environment: Environment;
  readonly store: MessageStore;
  readonly random: Random;
  readonly deadlines: Deadlines = new Deadlines();
  /** Scratch for whoever reads a record: valid until somebody else does. */
  readonly record: MessageRecord = new MessageRecord();
  /** Grows whenever a cached route or permission may have become wrong. */
  topologyVersion = 0;
  /** Queues to be pumped in the next turn. Each is in it once (`queue.due`). */
  #dueQueues: Pumpable[] = [];
  readonly #lanes = new Map<number, Lane>();
  #nextLaneId = 1;
  #nowMs = 0;
  #nowIsFresh = false;
  #inTurn = false;
  /** Lanes with messages to release, one after the other. */
  readonly #discarding = new Set<Lane>();
  readonly #releasePosition: (position: number) => void;

  constructor(environment: Environment) {
    this.environment = environment;
    this.store = environment.store;
    this.random = environment.random;
    this.#releasePosition = (position) => this.store.release(position);
  }

  /**
   * Monotonic milliseconds. Constant from the first question after a turn to the end of the next turn, so that a message
   * with an expiration of 0 is not late for a consumer that waits. Runs per message.
   *
   * The first question asks for that turn, too: without one the time would stand still, and the host not hear of a
   * deadline that was set. Who sets a deadline has asked for the time.
   */
  now(): number {
    if (!this.#nowIsFresh) {
      this.#nowMs = Math.floor(this.environment.clock.nowMs());
      this.#nowIsFresh = true;
      if (!this.#inTurn) this.requestTurn();
    }
    return this.#nowMs;
  }

  /** Seconds since 1970. */
  wallSeconds(): number {
    return Math.floor(this.environment.clock.wallMs() / 1000);
  }

  beginTurn(): void {
    this.#inTurn = true;
  }

  /** Time goes on. */
  endTurn(): void {
    this.#inTurn = false;
    this.#nowIsFresh = false;
  }

  requestTurn(): void {
    this.environment.scheduler.requestTurn();
  }

  makeLane(owner: LaneOwner | undefined): Lane {
    const lane = new Lane(this.#nextLaneId++, owner);
    this.#lanes.set(lane.id, lane);
    return lane;
  }

  /** Nobody uses `lane` any more: its messages are released in the next turns, and it goes with the last. */
  discard(lane: Lane): void {
    lane.discardAll();
    this.#beginDiscarding(lane);
  }

  /** Takes all ready messages out of `lane`, to be released in the next turns. */
  discardReady(lane: Lane): void {
    lane.discardReady();
    this.#beginDiscarding(lane);
  }

  get hasDiscarded(): boolean {
    return this.#discarding.size > 0;
  }

  /** Releases messages of purged queues and of those that are gone; looks at `countMax` at most. */
  releaseDiscarded(countMax: number): void {
    let left = countMax;
    for (const lane of this.#discarding) {
      left = lane.releaseDiscarded(left, this.#releasePosition);
      if (!lane.hasDiscarded) this.#endDiscarding(lane);
      if (left <= 0) return;
    }
  }

  #beginDiscarding(lane: Lane): void {
    if (!lane.hasDiscarded) {
      this.#endDiscarding(lane);
      return;
    }
    this.#discarding.add(lane);
    this.requestTurn();
  }

  #endDiscarding(lane: Lane): void {
    this.#discarding.delete(lane);
    if (lane.isGone) this.#lanes.delete(lane.id);
  }

  /** The record at a position, valid until the next one is read. Runs per delivery. */
  readRecord(position: number): MessageRecord {
    this.record.read(this.store.pageOf(position), position);
    return this.record;
  }

  relocate(laneId: number, seq: number, from: number, to: number): boolean {
    return this.#lanes.get(laneId)?.relocate(seq, from, to) ?? false;
  }

  /** `queue` may be able to deliver something. Runs per message. */
  markDue(queue: Pumpable): void {
    if (queue.due) return;
    queue.due = true;
    this.#dueQueues.push(queue);
    if (this.#dueQueues.length === 1) this.requestTurn();
  }

  /**
   * Lets the queues that are due deliver, in turn, about `deliveriesMax` messages in all. What becomes due meanwhile
   * waits for the next turn, behind those that there was no room for: a queue that always has more starves nobody.
   */
  pumpQueues(deliveriesMax: number): void {
    const due = this.#dueQueues;
    this.#dueQueues = [];
    let left = deliveriesMax;
    let index = 0;
    for (; index < due.length && left > 0; index++) left -= (due[index] as Pumpable).pump();
    if (index < due.length) this.#dueQueues = [...due.slice(index), ...this.#dueQueues];
  }

  get hasDueQueues(): boolean {
    return this.#dueQueues.length > 0;
  }

  makeDeadline(run: (nowMs: number) => void): Deadline {
    return new Deadline(run);
  }

  /** `length` random characters of URL-safe base64: 22 hold 132 bits. */
  randomName(length: number): string {
    let text = '';
    for (let index = 0; index < length; index++) text += BASE64_URL[this.random.uint32() & 63];
    return text;
  }
}

const BASE64_URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
