import { type EndedMessage, type Ending, statusOf } from '../outcome/ending.ts';
import { decodeOutcome, encodeOutcome, type Outcome } from '../outcome/outcome.ts';
import type { SettlementResult } from '../outcome/settlement-result.ts';
import type { Runtime } from '../runtime.ts';
import { type Kept, KeptRecords } from './kept-records.ts';

/** Outcomes of one vhost at once; the oldest go first. */
const OUTCOMES_MAX = 1_000_000;
/** Outcomes of one message that are shown: a message may have gone to any number of queues. */
const SHOWN_MAX = 256;
/** Bytes of their results; the first one is shown whatever it takes. */
const SHOWN_BYTES_MAX = 16 * 2 ** 20;

/** The queue that a message ended in. */
export interface OutcomeQueue {
  readonly name: string;
  readonly isRecorded: boolean;
}

/** How a message ended in a queue. */
export interface MessageEnd {
  readonly ending: Ending;
  readonly isDeadLettered: boolean;
  readonly result: SettlementResult | undefined;
}

interface Waiter {
  readonly queue: string | undefined;
  readonly done: (outcome: Outcome) => void;
}

/**
 * The outcomes of the messages of one vhost: what became of each in each queue, by its message id, for as long as its publisher,
 * its queue or a policy asked for. An outcome is appended in the turn, and so in the group, of the settlement: after a crash
 * both are there or none. It survives a restart when the message would have.
 *
 * What is read here may not be durable yet: who tells others of it waits for that first.
 */
export class Outcomes {
  readonly #runtime: Runtime;
  readonly #records: KeptRecords;
  /** By message id; each has one for each queue. */
  readonly #byMessage = new Map<string, Kept[]>();
  readonly #waiters = new Map<string, Set<Waiter>>();

  /** `laneId`: of an earlier run. `onLane`: it is to be recorded with the vhost. */
  constructor(runtime: Runtime, onLane: () => void, laneId: number | undefined) {
    this.#runtime = runtime;
    const keeper = {
      onRestored: (kept: Kept) => this.#index(kept),
      onDropped: (kept: Kept) => this.#forget(kept),
      onLane,
    };
    this.#records = new KeptRecords(runtime, keeper, OUTCOMES_MAX);
    if (laneId !== undefined) this.#records.adopt(laneId);
  }

  get laneId(): number | undefined {
    return this.#records.laneId;
  }

  get count(): number {
    return this.#records.count;
  }

  /** Keeps what became of a message. A later one of the same message id in the same queue takes its place. */
  keep(queue: OutcomeQueue, message: EndedMessage, end: MessageEnd): void {
    const { messageId, arrivalMs, deliveredMs, deliveries } = message;
    const nowMs = this.#runtime.now();
    const content = encodeOutcome({
      status: statusOf(end.ending, end.isDeadLettered, end.result?.error !== undefined),
      reason: end.ending === 'acknowledged' ? undefined : end.ending,
      deliveries,
      waitingMs: Math.max(0, (deliveredMs ?? nowMs) - arrivalMs),
      workingMs: Math.max(0, nowMs - (deliveredMs ?? nowMs)),
      given: end.result,
    });
    const key = { scope: queue.name, key: messageId, origin: undefined };
    const durable = message.isPersistent && queue.isRecorded;
    const kept = this.#records.add(key, message.outcomeTtlMs, durable, content);
    this.#index(kept);
    this.#tell(kept);
  }

  /**
   * The outcomes of a message, oldest first, at most 256 and as many as have 16 MiB of results; `queue` undefined: in every queue.
   * Reads from the disk now what is not in memory: `read` is for who can wait.
   */
  get(messageId: string, queue?: string): Outcome[] {
    const outcomes: Outcome[] = [];
    for (const kept of this.#of(messageId, queue)) if (!this.#show(kept, outcomes)) break;
    return outcomes;
  }

  /** The same, each read once it is in memory: calls `done` at once, or later. */
  read(messageId: string, queue: string | undefined, done: (outcomes: Outcome[]) => void): void {
    this.#collect(this.#of(messageId, queue), [], done);
  }

  /**
   * Calls `done` with the next outcome of the message that is kept from now on, once; `queue` undefined: in any queue. It is called
   * in the middle of a turn, and must not call the broker. Returns what cancels it.
   */
  wait(messageId: string, queue: string | undefined, done: (outcome: Outcome) => void): () => void {
    const waiters = this.#waiters.get(messageId) ?? new Set<Waiter>();
    const waiter = { queue, done };
    waiters.add(waiter);
    this.#waiters.set(messageId, waiters);
    return () => this.#dismiss(messageId, waiter);
  }

  dispose(): void {
    this.#records.dispose();
    this.#byMessage.clear();
  }

  #collect(kept: Kept[], outcomes: Outcome[], done: (outcomes: Outcome[]) => void): void {
    for (let next = kept[0]; next !== undefined; next = kept[0]) {
      // It may have gone while another one was read.
      if (this.#records.has(next)) {
        if (this.#records.fetch(next, () => this.#collect(kept, outcomes, done))) return;
        if (!this.#show(next, outcomes)) break;
      }
      kept.shift();
    }
    done(outcomes);
  }

  #of(messageId: string, queue: string | undefined): Kept[] {
    const kept = this.#byMessage.get(messageId) ?? [];
    return (queue === undefined ? kept : kept.filter(({ scope }) => scope === queue)).slice(0, SHOWN_MAX);
  }

  /** False when there are enough. */
  #show(kept: Kept, outcomes: Outcome[]): boolean {
    const { bodyStart, bodyEnd } = this.#records.read(kept);
    let bytes = bodyEnd - bodyStart;
    for (const { result } of outcomes) bytes += result?.length ?? 0;
    if (outcomes.length > 0 && bytes > SHOWN_BYTES_MAX) return false;
    outcomes.push(this.#outcome(kept));
    return true;
  }

  #outcome(kept: Kept): Outcome {
    const record = this.#records.read(kept);
    return decodeOutcome(kept.key, kept.scope, this.#runtime.wallMsOf(record.arrivalMs), record);
  }

  #index(kept: Kept): void {
    const others = this.#byMessage.get(kept.key);
    if (others === undefined) {
      this.#byMessage.set(kept.key, [kept]);
      return;
    }
    const before = others.findIndex(({ scope }) => scope === kept.scope);
    if (before >= 0) this.#records.remove(others.splice(before, 1)[0] as Kept);
    others.push(kept);
  }

  #forget(kept: Kept): void {
    const others = this.#byMessage.get(kept.key)?.filter((other) => other !== kept) ?? [];
    if (others.length === 0) this.#byMessage.delete(kept.key);
    else this.#byMessage.set(kept.key, others);
  }

  #tell(kept: Kept): void {
    for (const waiter of this.#waiters.get(kept.key) ?? []) {
      if (waiter.queue !== undefined && waiter.queue !== kept.scope) continue;
      this.#dismiss(kept.key, waiter);
      waiter.done(this.#outcome(kept));
    }
  }

  #dismiss(messageId: string, waiter: Waiter): void {
    const waiters = this.#waiters.get(messageId);
    waiters?.delete(waiter);
    if (waiters?.size === 0) this.#waiters.delete(messageId);
  }
}
