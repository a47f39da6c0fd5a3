import { Deadline, Deadlines } from './deadlines.ts';
import type { Environment, Random } from './environment.ts';
import { MessageRecord } from './message/message-record.ts';
import type { MessageStore, RecordOwner } from './message/message-store.ts';
import type { MessageTracer } from './message/message-tracer.ts';
import { ReceivedMessages } from './message/received-messages.ts';
import { Lane, type LaneOwner } from './queue/lane.ts';
import { Reach } from './queue/reach.ts';
import { RestoredLane, type RestoredLanes } from './recovery/restored-lane.ts';
import { Statistics } from './statistics/statistics.ts';

/** Where core time begins, in milliseconds since 1970: 2020-01-01. So the 40 bits of a record last until 2054. */
const EPOCH_MS = 1_577_836_800_000;

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
export class Runtime implements Omit<RecordOwner, 'recordDefinitions'> {
  readonly environment: Environment;
  readonly store: MessageStore;
  readonly random: Random;
  readonly deadlines: Deadlines = new Deadlines();
  readonly received: ReceivedMessages = new ReceivedMessages();
  readonly messageTracer: MessageTracer | undefined;
  readonly statistics: Statistics;
  /** Scratch for whoever reads a record: valid until somebody else does. */
  readonly record: MessageRecord = new MessageRecord();
  /** Grows whenever a cached route or permission may have become wrong. */
  topologyVersion = 0;
  /** Queues to be pumped in the next turn. Each is in it once (`queue.due`). */
  #dueQueues: Pumpable[] = [];
  readonly #lanes = new Map<number, Lane>();
  /** Lanes of an earlier run that nobody has adopted. */
  readonly #restored: Map<number, RestoredLane>;
  #nextLaneId: number;
  /** What to add to the monotonic clock. */
  readonly #anchorMs: number;
  #nowMs = 0;
  #nowIsFresh = false;
  #inTurn = false;
  /** Lanes with messages to release, one after the other. */
  readonly #discarding = new Set<Lane>();
  readonly #releasePosition: (position: number) => void;
  /** Lanes whose reach was recorded since the last commit. */
  #reaching: Lane[] = [];
  /** Lanes whose reach is in a block that is not durable. **Invariant:** in the order of the blocks. */
  readonly #sealedReaches: { readonly block: number; readonly lanes: readonly Lane[] }[] = [];

  /** `restored`: the lanes that the store has kept of an earlier run. */
  constructor(environment: Environment, restored?: RestoredLanes) {
    this.environment = environment;
    this.store = environment.store;
    this.random = environment.random;
    this.messageTracer = environment.messageTracer;
    this.#restored = restored?.lanes ?? new Map<number, RestoredLane>();
    this.#nextLaneId = restored?.nextLaneId ?? 1;
    const { clock } = environment;
    this.#anchorMs = Math.max(0, Math.floor(clock.wallMs() - EPOCH_MS - clock.nowMs()));
    this.#releasePosition = (position) => this.store.release(position);
    this.statistics = new Statistics(this);
  }

  /**
   * Core time: milliseconds since 2020, as the clock on the wall showed at the start and the monotonic clock counts since, so
   * that a time means the same after a restart. Constant from the first question after a turn to the end of the next
   * turn, so that a message with an expiration of 0 is not late for a consumer that waits. Runs per message.
   *
   * The first question asks for that turn, too: without one the time would stand still, and the host not hear of a
   * deadline that was set. Who sets a deadline has asked for the time.
   */
  now(): number {
    if (!this.#nowIsFresh) {
      this.#nowMs = Math.floor(this.environment.clock.nowMs()) + this.#anchorMs;
      this.#nowIsFresh = true;
      if (!this.#inTurn) this.requestTurn();
    }
    return this.#nowMs;
  }

  /** Milliseconds since 1970 of a core time. */
  wallMsOf(coreMs: number): number {
    return coreMs + EPOCH_MS;
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

  /** A turn at `atMs` of core time. */
  requestTurnAt(atMs: number): void {
    this.environment.scheduler.requestTurnAt(atMs - this.#anchorMs);
  }

  // ---- lanes ----

  makeLane(owner: LaneOwner | undefined): Lane {
    return this.#addLane(new Lane(this.#nextLaneId++, owner));
  }

  /** A lane that is there again after a restart. What becomes of its messages is to be recorded. */
  makeRecordedLane(owner: LaneOwner | undefined): Lane {
    return this.#addLane(new Lane(this.#nextLaneId++, owner, new Reach()));
  }

  /** The lane `id` of an earlier run, for its owner to adopt. Nothing may be left of it. */
  takeRestored(id: number): RestoredLane {
    const restored = this.#restored.get(id) ?? new RestoredLane(id, this.#releasePosition);
    this.#restored.delete(id);
    this.#nextLaneId = Math.max(this.#nextLaneId, id + 1);
    this.#addLane(restored.lane);
    return restored;
  }

  /** Drops the lanes that nobody took: their queues did not survive, or were deleted. */
  discardRestored(): void {
    for (const { lane } of this.#restored.values()) this.discard(this.#addLane(lane));
    this.#restored.clear();
  }

  #addLane(lane: Lane): Lane {
    this.#lanes.set(lane.id, lane);
    return lane;
  }

  /** Ends the unsettled message `seq` of `lane`, whose record is at `position`. Runs per message. */
  settle(lane: Lane, seq: number, position: number): void {
    lane.settle(seq);
    if (lane.reach === undefined) this.store.release(position);
    else this.store.settle(lane.id, seq, position);
  }

  /** Nobody uses `lane` any more: its messages are released in the next turns, and it goes with the last. */
  discard(lane: Lane): void {
    lane.discardAll();
    this.#beginDiscarding(lane);
  }

  /** Takes all ready messages out of `lane`, to be released in the next turns. */
  discardReady(lane: Lane): void {
    const ranges = lane.discardReady();
    if (lane.reach !== undefined) {
      for (let index = 0; index < ranges.length; index += 2)
        this.store.settleRange(lane.id, ranges[index] as number, ranges[index + 1] as number);
    }
    this.#beginDiscarding(lane);
  }

  /** Whether there is anything to release now. */
  get hasDiscarded(): boolean {
    for (const lane of this.#discarding) if (!lane.awaitsPage) return true;
    return false;
  }

  /** Releases messages of purged queues and of those that are gone; looks at `countMax` at most. */
  releaseDiscarded(countMax: number): void {
    let left = countMax;
    for (const lane of this.#discarding) {
      if (lane.awaitsPage) continue;
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

  /** The same when its page is in memory; otherwise undefined. Runs per delivery. */
  readResident(position: number): MessageRecord | undefined {
    const page = this.store.residentPage(position);
    if (page === undefined) return undefined;
    this.record.read(page, position);
    return this.record;
  }

  // ---- for the store, while it cleans ----

  relocate(laneId: number, seq: number, from: number, to: number): boolean {
    const lane = this.#lanes.get(laneId);
    if (lane === undefined) return false;
    if (!lane.isDiscarded(seq)) return lane.relocate(seq, from, to);
    // That it was purged is on record, in front of the copy that would be made here: a restart would bring it back.
    if (lane.position(seq) !== from) return false;
    lane.settle(seq);
    this.store.release(from);
    return false;
  }

  returnCountOf(laneId: number, seq: number): number | undefined {
    const lane = this.#lanes.get(laneId);
    return lane === undefined || lane.position(seq) < 0 ? undefined : lane.returnCount(seq);
  }

  reachOf(laneId: number): number | undefined {
    return this.#lanes.get(laneId)?.reach?.recorded;
  }

  // ---- how far lanes may deliver ----

  /** Records a new reach when `lane` has come near the end of the old one. */
  extendReach(lane: Lane): void {
    const { reach, cursor } = lane;
    if (reach?.isShort(cursor) !== true) return;
    this.store.reach(lane.id, reach.advance(cursor));
    this.#reaching.push(lane);
    this.requestTurn();
  }

  /** What happened up to now is in `block`. */
  onCommitted(block: number): void {
    if (this.#reaching.length === 0) return;
    this.#sealedReaches.push({ block, lanes: this.#reaching });
    this.#reaching = [];
    this.onDurable(this.store.durableBlock);
  }

  /** Every block up to `block` is durable: the lanes that waited for one go on. */
  onDurable(block: number): void {
    const sealed = this.#sealedReaches;
    for (let first = sealed[0]; first !== undefined && first.block <= block; first = sealed[0]) {
      sealed.shift();
      for (const lane of first.lanes) {
        lane.reach?.becomeDurable(lane.cursor);
        lane.owner?.onReach();
      }
    }
  }

  /** Before a stop, when nothing is delivered any more: says exactly what was, so that the rest is not taken for redelivered. */
  recordExactReach(): void {
    for (const lane of this.#lanes.values()) {
      const { reach, cursor } = lane;
      if (reach === undefined || lane.owner === undefined || lane.isGone || cursor === lane.nextSeq) continue;
      if (reach.recorded === cursor) continue;
      this.store.reach(lane.id, cursor);
      reach.set(cursor);
    }
  }

  // ---- turns ----

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
