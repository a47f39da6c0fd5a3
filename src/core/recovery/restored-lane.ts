import { type KeptHead, readKept } from '../message/kept-record.ts';
import type { Page } from '../message/message-store.ts';
import { Lane, type LaneOwner } from '../queue/lane.ts';
import { REACH_STEP, Reach } from '../queue/reach.ts';
import { SeqColumn } from './seq-column.ts';

/** The lanes that a store had when the broker started. */
export interface RestoredLanes {
  /** By id; whoever adopts one takes it out. */
  readonly lanes: Map<number, RestoredLane>;
  /** No lane of an earlier run has this number, or one above it. */
  readonly nextLaneId: number;
}

/** A message that is held back: for a delayed retry, or because it is scheduled. */
export interface HeldMessage {
  readonly seq: number;
  readonly dueMs: number;
}

/** What is kept under a key until a time. */
export interface RestoredKept extends KeptHead {
  readonly seq: number;
}

/** What is known of a message that has a note. */
interface Note {
  readonly returnCount: number;
  readonly heldUntilMs: number;
}

/** A lane while it is restored: what a store finds is added, and then a queue or a schedule adopts it. */
export class RestoredLane {
  readonly lane: Lane;
  /** A message with an expiration of its own was found. */
  sawExpiration = false;
  /** A message whose publisher wants its outcome was found. */
  sawOutcome = false;
  /** Of the bodies of all that is unsettled. */
  #bodyBytes = 0;
  #bodySizes = new SeqColumn();
  readonly #notes = new Map<number, Note>();
  /** Of a lane of kept records: what they are found by. */
  readonly #kept = new Map<number, KeptHead>();
  /** Behind the newest message with a note: it was delivered. */
  #notedEnd = 0;
  readonly #release: (position: number) => void;
  readonly #forgotten: (seq: number, position: number) => void;

  constructor(id: number, release: (position: number) => void) {
    this.lane = new Lane(id, undefined, new Reach());
    this.#release = release;
    this.#forgotten = (seq, position) => {
      this.#bodyBytes -= this.#bodySizes.get(seq);
      if (this.#kept.size > 0) this.#kept.delete(seq);
      this.#release(position);
    };
  }

  /** Whether message `seq` was found and is not settled so far. */
  has(seq: number): boolean {
    // Most are newer than all that was found before.
    return seq < this.lane.nextSeq && this.lane.position(seq) >= 0;
  }

  /** Message `seq` was found at `position`, from now on its only one. Runs per message. */
  addMessage(seq: number, position: number, bodyBytes: number): void {
    const before = this.lane.restore(seq, position);
    if (before >= 0) {
      this.#release(before);
      return;
    }
    this.#bodySizes.set(seq, bodyBytes);
    this.#bodyBytes += bodyBytes;
  }

  /** The record of message `seq` is a kept one. */
  addKept(seq: number, page: Page, position: number): void {
    this.#kept.set(seq, readKept(page, position));
  }

  settle(from: number, to: number): void {
    this.lane.forget(from, to, this.#forgotten);
  }

  addNote(seq: number, returnCount: number, heldUntilMs: number): void {
    this.#notes.set(seq, { returnCount, heldUntilMs });
    this.#notedEnd = Math.max(this.#notedEnd, seq + 1);
  }

  addReach(upTo: number): void {
    this.lane.reach?.set(upTo);
  }

  /**
   * All was found: the lane is that of `owner` from now on, with what is ready. Returns the messages that are held back,
   * maybe until a time that is past.
   */
  adopt(owner: LaneOwner): HeldMessage[] {
    const { lane } = this;
    lane.owner = owner;
    // Nothing may be left of messages up to the reach: their seqs are not given again.
    const recorded = lane.reach?.recorded;
    const deliveredEnd = Math.max(recorded ?? REACH_STEP, this.#notedEnd);
    return this.#finish(Math.max(recorded ?? 0, this.#notedEnd), deliveredEnd);
  }

  /** The same for a schedule: nothing is ready before its time. A message without one is due at once. */
  adoptScheduled(): HeldMessage[] {
    const { lane } = this;
    const held = this.#finish(this.#notedEnd, Number.POSITIVE_INFINITY);
    while (lane.readyCount > 0) held.push({ seq: lane.take(), dueMs: 0 });
    return held;
  }

  /** The same for a lane of kept records: nothing is ever ready. Returns them from the oldest to the newest. */
  adoptKept(): RestoredKept[] {
    const { lane } = this;
    this.#finish(0, Number.POSITIVE_INFINITY);
    while (lane.readyCount > 0) lane.take();
    const kept = [...this.#kept].map(([seq, head]) => ({ ...head, seq }));
    this.#kept.clear();
    return kept.filter(({ seq }) => lane.position(seq) >= 0).sort((a, b) => a.seq - b.seq);
  }

  /** Of the bodies of the messages that are ready, once the lane is adopted. */
  readyBytes(held: readonly HeldMessage[]): number {
    let bytes = this.#bodyBytes;
    for (const { seq } of held) bytes -= this.#bodySizes.get(seq);
    return bytes;
  }

  #finish(nextSeq: number, deliveredEnd: number): HeldMessage[] {
    const { lane } = this;
    const held: HeldMessage[] = [];
    for (const [seq, { returnCount, heldUntilMs }] of this.#notes) {
      if (lane.position(seq) < 0) continue;
      if (returnCount > 0) lane.restoreReturns(seq, returnCount);
      if (heldUntilMs > 0) held.push({ seq, dueMs: heldUntilMs });
    }
    const isHeld = (seq: number): boolean => (this.#notes.get(seq)?.heldUntilMs ?? 0) > 0;
    lane.finishRestore(nextSeq, deliveredEnd, isHeld);
    return held;
  }
}
