import { decodeProperties } from '../../codec/properties.ts';
import { outcomeTtlOf } from '../arguments/outcome-ttl.ts';
import type { MessageRecord } from '../message/message-record.ts';
import type { EndedMessage, Ending } from '../outcome/ending.ts';
import type { SettlementResult } from '../outcome/settlement-result.ts';
import type { Runtime } from '../runtime.ts';
import type { Lane } from './lane.ts';

/** The queue, as far as what is known of its messages needs it. */
export interface OutcomeSource {
  readonly settings: { readonly outcomeTtlMs?: number | undefined };
  keepOutcome(message: EndedMessage, ending: Ending, result: SettlementResult | undefined): void;
}

/** Outcomes of purged messages, and of those of a queue that is deleted, that are kept in one turn. */
const DISCARDED_PER_TURN = 1024;

/** What has to be known of a delivery when it is settled, so that nothing needs to be read from the disk then. */
interface Attempt {
  readonly messageId: string;
  readonly outcomeTtlMs: number;
  readonly isPersistent: boolean;
  readonly arrivalMs: number;
  readonly deliveredMs: number;
  readonly deliveries: number;
}

/**
 * The messages of one queue whose outcome is wanted: by their publisher (header x-outcome-ttl), or all that have a message-id
 * (argument x-outcome-ttl, policy key outcome-ttl). A queue that nobody wants one of asks nothing of it.
 */
export class QueueOutcomes {
  readonly #runtime: Runtime;
  readonly #queue: OutcomeSource;
  /** Those that are unacked now. */
  readonly #attempts = new Map<Lane, Map<number, Attempt>>();
  #discardedCount = 0;

  constructor(runtime: Runtime, queue: OutcomeSource) {
    this.#runtime = runtime;
    this.#queue = queue;
  }

  /** `record` is delivered now. */
  delivered(lane: Lane, seq: number, record: MessageRecord): void {
    const wanted = this.#wanted(record);
    if (wanted === undefined) return;
    const attempts = this.#attempts.get(lane) ?? new Map<number, Attempt>();
    const deliveries = lane.returnCount(seq) + 1;
    attempts.set(seq, { ...wanted, deliveredMs: this.#runtime.now(), deliveries });
    this.#attempts.set(lane, attempts);
  }

  /** Whether the outcome of an unacked message is wanted. */
  isWanted(lane: Lane, seq: number): boolean {
    return this.#attempts.get(lane)?.has(seq) === true;
  }

  /** A delivered message comes back. */
  returned(lane: Lane, seq: number): void {
    this.#attempts.get(lane)?.delete(seq);
  }

  /** A message that was delivered is settled. */
  settled(lane: Lane, seq: number, ending: Ending, result: SettlementResult | undefined): void {
    const attempt = this.#attempts.get(lane)?.get(seq);
    if (attempt === undefined) return;
    this.returned(lane, seq);
    this.#queue.keepOutcome(attempt, ending, result);
  }

  /** A message that is not delivered now ends. */
  dropped(lane: Lane, seq: number, ending: Ending, record: MessageRecord): void {
    const wanted = this.#wanted(record);
    if (wanted === undefined) return;
    const message = { ...wanted, deliveredMs: undefined, deliveries: lane.returnCount(seq) };
    this.#queue.keepOutcome(message, ending, undefined);
  }

  /** The same for one of many, whose record may not be in memory: false when it is to be asked for again in another turn. */
  discarded(lane: Lane, seq: number, position: number, ending: Ending): boolean {
    if (++this.#discardedCount % DISCARDED_PER_TURN === 0) return false;
    if (this.isWanted(lane, seq)) {
      this.settled(lane, seq, ending, undefined);
      return true;
    }
    const record = this.#runtime.readResident(position);
    if (record === undefined) this.#fetch(lane, position);
    else this.dropped(lane, seq, ending, record);
    return record !== undefined;
  }

  #wanted(record: MessageRecord): Omit<Attempt, 'deliveredMs' | 'deliveries'> | undefined {
    const queueTtlMs = this.#queue.settings.outcomeTtlMs ?? 0;
    if (queueTtlMs === 0 && !record.wantsOutcome) return undefined;
    const properties = decodeProperties(record.bytes, record.addressEnd, record.bodyStart);
    const { messageId = '', headers } = properties;
    const outcomeTtlMs = outcomeTtlOf(headers) ?? queueTtlMs;
    if (messageId === '' || outcomeTtlMs === 0) return undefined;
    return { messageId, outcomeTtlMs, isPersistent: record.isPersistent, arrivalMs: record.arrivalMs };
  }

  #fetch(lane: Lane, position: number): void {
    lane.awaitsPage = true;
    this.#runtime.store.fetch(position, () => {
      lane.awaitsPage = false;
      this.#runtime.requestTurn();
    });
  }
}
