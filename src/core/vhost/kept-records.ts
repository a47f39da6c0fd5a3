import type { Deadline } from '../deadlines.ts';
import { type KeptContent, type KeptKey, keptRecord } from '../message/kept-record.ts';
import { appendMessageRecord, type MessageRecord } from '../message/message-record.ts';
import type { Lane } from '../queue/lane.ts';
import type { RestoredKept } from '../recovery/restored-lane.ts';
import type { Runtime } from '../runtime.ts';
import { TimeOrder } from '../time-order.ts';

/** Records that go in one turn because their time is over. */
const DROPPED_PER_TURN = 1024;

/** One of the records. */
export type Kept = RestoredKept;

/** Who keeps records here, and has an index of them. */
export interface Keeper {
  /** A record that is there again after a restart. From the oldest to the newest. */
  onRestored(kept: Kept): void;
  /** A record went: its time was over, or there was no room for it. */
  onDropped(kept: Kept): void;
  /** There is a lane from now on: it is to be recorded with whatever owns the records. */
  onLane(): void;
}

/**
 * Records that are kept until a time, in the message store, in a lane of their own: as the messages of a queue they move when
 * the log is cleaned, and the durable ones are there again after a restart. They are bounded in number: the oldest go first.
 *
 * Here is what each is found by, about 200 bytes; the rest is read from the store.
 */
export class KeptRecords {
  readonly #runtime: Runtime;
  readonly #keeper: Keeper;
  readonly #countMax: number;
  #lane: Lane | undefined;
  /** In the order of their seqs, which is that of their age. */
  readonly #records = new Map<number, Kept>();
  readonly #times = new TimeOrder();
  readonly #deadline: Deadline;

  constructor(runtime: Runtime, keeper: Keeper, countMax: number) {
    this.#runtime = runtime;
    this.#keeper = keeper;
    this.#countMax = countMax;
    this.#deadline = runtime.makeDeadline((nowMs) => this.#due(nowMs));
  }

  /** Undefined before the first record. */
  get laneId(): number | undefined {
    return this.#lane?.id;
  }

  get count(): number {
    return this.#records.size;
  }

  /** Takes over the lane of an earlier run, with all that is in it. Before any other record. */
  adopt(laneId: number): void {
    const restored = this.#runtime.takeRestored(laneId);
    this.#lane = restored.lane;
    for (const kept of restored.adoptKept()) {
      this.#hold(kept);
      this.#keeper.onRestored(kept);
    }
    // The host has to hear of the deadline.
    this.#runtime.requestTurn();
  }

  /** Keeps a record for `ttlMs`, Infinity for as long as there is room. `durable`: it is there again after a restart. */
  add(key: KeptKey, ttlMs: number, durable: boolean, content: KeptContent): Kept {
    const lane = this.#lane ?? this.#makeLane();
    const { store } = this.#runtime;
    const nowMs = this.#runtime.now();
    const record = keptRecord(key, ttlMs, content);
    lane.push(appendMessageRecord(store, record, [lane], 0, 1, durable && store.survives, nowMs));
    const kept = { ...key, seq: lane.take(), dueMs: nowMs + ttlMs };
    this.#hold(kept);
    if (this.#records.size > this.#countMax) this.#dropOldest();
    return kept;
  }

  /** Ends a record before its time. The keeper is not told. */
  remove(kept: Kept): void {
    if (!this.#records.delete(kept.seq)) return;
    if (kept.dueMs !== Number.POSITIVE_INFINITY) this.#times.delete(kept.dueMs, kept.seq);
    const lane = this.#lane as Lane;
    this.#runtime.settle(lane, kept.seq, lane.position(kept.seq));
  }

  has(kept: Kept): boolean {
    return this.#records.has(kept.seq);
  }

  /** The record itself, read from the disk now when it is not in memory; valid until another one is read. */
  read(kept: Kept): MessageRecord {
    return this.#runtime.readRecord(this.#position(kept));
  }

  /** Has the record brought into memory and calls `whenResident`; returns false when it is there already. */
  fetch(kept: Kept, whenResident: () => void): boolean {
    const position = this.#position(kept);
    const { store } = this.#runtime;
    if (store.residentPage(position) !== undefined) return false;
    store.fetch(position, whenResident);
    return true;
  }

  dispose(): void {
    this.#runtime.deadlines.clear(this.#deadline);
    this.#times.clear();
    this.#records.clear();
    if (this.#lane !== undefined) this.#runtime.discard(this.#lane);
  }

  #position(kept: Kept): number {
    return (this.#lane as Lane).position(kept.seq);
  }

  #hold(kept: Kept): void {
    this.#records.set(kept.seq, kept);
    if (kept.dueMs === Number.POSITIVE_INFINITY) return;
    this.#times.push(kept.dueMs, kept.seq);
    this.#runtime.deadlines.set(this.#deadline, this.#times.nextMs);
  }

  #due(nowMs: number): void {
    for (let count = 0; count < DROPPED_PER_TURN && this.#times.nextMs <= nowMs; count++) {
      const [next] = this.#times.slice(0, 1);
      this.#drop(this.#records.get(next?.value as number) as Kept);
    }
    this.#runtime.deadlines.set(this.#deadline, this.#times.nextMs);
  }

  #dropOldest(): void {
    this.#drop(this.#records.values().next().value as Kept);
  }

  #drop(kept: Kept): void {
    this.remove(kept);
    this.#keeper.onDropped(kept);
  }

  #makeLane(): Lane {
    const runtime = this.#runtime;
    const lane = runtime.store.survives ? runtime.makeRecordedLane(undefined) : runtime.makeLane(undefined);
    this.#lane = lane;
    this.#keeper.onLane();
    return lane;
  }
}
