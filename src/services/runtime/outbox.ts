import { Closed, Returned } from '../../client/client-failures.ts';
import type { Timer } from '../clock.ts';
import type { OutgoingRecord, Store, Transaction } from '../store/store.ts';
import type { Environment } from './environment.ts';
import type { MessageSender } from './message-sender.ts';
import { envelopeOf } from './outgoing.ts';
import type { ServiceEvent } from './service-event.ts';

/** Whoever commits messages sends them; after this time the relay of any instance does. */
const CLAIM_MS = 1_000;
/** What the relay takes is its own for this time. */
const LEASE_MS = 10_000;
/** The relay looks into the outbox at least so often. */
const POLL_MS = 1_000;
/** Messages that the relay takes at a time. */
const RELAYED_MAX = 200;
/** With so many under way the relay takes no more. */
const SENDING_MAX = 2_000;
/** A message that nobody can get is tried again after this, and then twice as long each time. */
const POSTPONE_MS = 1_000;
const POSTPONE_MAX_MS = 60_000;
/** Of messages that came back it is remembered how often, for so many. */
const RETURNED_MAX = 10_000;

export interface OutboxOptions {
  readonly service: string;
  readonly store: Store;
  readonly sender: MessageSender;
  readonly environment: Environment;
  onEvent(event: ServiceEvent): void;
}

/**
 * What a service has committed and not sent. Messages are sent by the process that committed them; a relay in every instance
 * sends what is left of others, and what waited for its time.
 *
 *     write() in the transaction --commit--> sendCommitted() --confirmed--> deleted, many at a time
 *                                    \--crash, or not due yet--> relay: claim -> send -> delete
 */
export class Outbox {
  readonly #options: OutboxOptions;
  #timer: Timer | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;
  #relaying: Promise<void> | undefined;
  #isWakeAskedFor = false;
  /** The relay left some, as too many were under way. */
  #hasMore = false;
  #isStarted = false;
  #sent: string[] = [];
  #deleting: Promise<void> | undefined;
  /** Ids of messages that this process sends at the moment. */
  readonly #sending: Set<string> = new Set();
  #idle: (() => void)[] = [];
  /** How often a message came back; the pauses of one that is not remembered begin anew. Whoever sends one in the end may be another instance. */
  readonly #returns: Map<string, number> = new Map();

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** Writes messages in the transaction that they belong to. */
  write(transaction: Transaction, records: readonly OutgoingRecord[]): Promise<void> {
    return transaction.addOutgoing(records, this.#nowMs(), CLAIM_MS);
  }

  /** Sends what is due of messages that were committed. Resolves when all of that is confirmed, or has to wait; never rejects. */
  async sendCommitted(records: readonly OutgoingRecord[]): Promise<void> {
    const nowMs = this.#nowMs();
    const sending: Promise<void>[] = [];
    for (const record of records) {
      if (record.dueMs <= nowMs) sending.push(this.#send(record));
      else this.#wakeAt(record.dueMs);
    }
    await Promise.all(sending);
  }

  start(): void {
    this.#isStarted = true;
    this.#wake();
  }

  /** Sends everything that is due, one last time, and resolves when this process sends nothing any more. */
  async flush(): Promise<void> {
    this.stop();
    await this.#relaying;
    while (!(await this.#relay())) await this.#whenIdle();
    await this.#whenIdle();
    await this.#deleting;
  }

  stop(): void {
    this.#isStarted = false;
    this.#timer?.cancel();
    this.#timerAtMs = Number.POSITIVE_INFINITY;
  }

  #nowMs(): number {
    return this.#options.environment.clock.nowMs();
  }

  async #send(record: OutgoingRecord): Promise<void> {
    const { sender, environment } = this.#options;
    this.#sending.add(record.id);
    environment.workBegan();
    try {
      await sender.send(record);
      if (this.#returns.size > 0) this.#returns.delete(record.id);
      this.#sent.push(record.id);
      this.#deleting ??= this.#deleteSent();
    } catch (reason) {
      await this.#onNotSent(record, reason as Error);
    } finally {
      environment.workEnded();
      this.#sending.delete(record.id);
      this.#onSendEnded();
    }
  }

  #onSendEnded(): void {
    if (this.#hasMore && this.#sending.size < SENDING_MAX / 2) this.#wake();
    if (this.#sending.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  #whenIdle(): Promise<void> {
    return this.#sending.size === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }

  /** What is confirmed meanwhile is deleted together. A row that stays is sent again, under its id. */
  async #deleteSent(): Promise<void> {
    const { store, environment } = this.#options;
    environment.workBegan();
    try {
      while (this.#sent.length > 0) await store.deleteOutgoing(this.#sent.splice(0));
    } catch (reason) {
      this.#trouble(
        'messages that were sent could not be deleted from the outbox, and are sent again',
        reason,
      );
    } finally {
      this.#deleting = undefined;
      environment.workEnded();
    }
  }

  /** It stays in the outbox, whatever the reason. */
  async #onNotSent(record: OutgoingRecord, reason: Error): Promise<void> {
    if (reason instanceof Closed) return;
    if (!(reason instanceof Returned)) {
      this.#trouble(`message ${record.id} could not be sent, and stays in the outbox`, reason);
      return;
    }
    const { service, store, onEvent } = this.#options;
    const returns = this.#countReturn(record.id);
    const retryMs = Math.min(POSTPONE_MS * 2 ** returns, POSTPONE_MAX_MS);
    const contract = envelopeOf(record).type;
    onEvent({ type: 'undeliverable', service, messageId: record.id, contract, retryMs });
    try {
      await store.postponeOutgoing([record.id], this.#nowMs() + retryMs);
      this.#wakeAt(this.#nowMs() + retryMs);
    } catch (failure) {
      this.#trouble(`message ${record.id} could not be put off in the outbox`, failure);
    }
  }

  /** How often it came back before. */
  #countReturn(id: string): number {
    const returns = this.#returns.get(id) ?? 0;
    this.#returns.delete(id);
    this.#returns.set(id, returns + 1);
    const [oldest] = this.#returns.keys();
    if (this.#returns.size > RETURNED_MAX && oldest !== undefined) this.#returns.delete(oldest);
    return returns;
  }

  #wake(): void {
    if (!this.#isStarted) return;
    if (this.#relaying !== undefined) {
      this.#isWakeAskedFor = true;
      return;
    }
    this.#relaying = this.#relayAndWait();
  }

  #wakeAt(timeMs: number): void {
    if (!this.#isStarted || timeMs >= this.#timerAtMs) return;
    this.#timer?.cancel();
    this.#timerAtMs = timeMs;
    const delayMs = Math.min(Math.max(0, timeMs - this.#nowMs()), POLL_MS);
    this.#timer = this.#options.environment.clock.setTimer(delayMs, () => {
      this.#timerAtMs = Number.POSITIVE_INFINITY;
      this.#wake();
    });
  }

  async #relayAndWait(): Promise<void> {
    const { environment, store } = this.#options;
    environment.workBegan();
    let nextMs = this.#nowMs() + POLL_MS;
    try {
      this.#hasMore = !(await this.#relay());
      const dueMs = await store.nextDueMs();
      if (dueMs !== undefined) nextMs = Math.min(nextMs, Math.max(dueMs, this.#nowMs()));
    } catch (reason) {
      this.#trouble('the outbox cannot be read', reason);
    } finally {
      this.#relaying = undefined;
      environment.workEnded();
    }
    if (this.#isWakeAskedFor) {
      this.#isWakeAskedFor = false;
      this.#wake();
    } else this.#wakeAt(nextMs);
  }

  /** Begins to send what is due and what nobody else sends, and waits for none of it: one that is not confirmed holds up no other. False when there may be more. */
  async #relay(): Promise<boolean> {
    const { store } = this.#options;
    while (this.#sending.size < SENDING_MAX) {
      const claimed = await store.claimOutgoing(this.#nowMs(), LEASE_MS, RELAYED_MAX);
      for (const record of claimed) if (!this.#sending.has(record.id)) void this.#send(record);
      if (claimed.length < RELAYED_MAX) return true;
    }
    return false;
  }

  #trouble(text: string, reason: unknown): void {
    const error = reason instanceof Error ? reason : new Error(String(reason));
    this.#options.onEvent({ type: 'trouble', service: this.#options.service, text, error });
  }
}
