import type { Database } from './database.ts';

/**
 * What a service keeps beside its own tables, in the same database: the inbox (which messages were handled, with what
 * reply), why others failed for good, the outbox (what is to be sent), and the states of sagas. SQLite and PostgreSQL implement
 * it, and pass one suite.
 *
 * All tables are named `leveret_...`. Times are milliseconds since 1970, from the clock of the service.
 */
export interface Store {
  /** `sqlite` or `postgres`. */
  readonly kind: string;
  /** Statements outside of a message: each is a transaction of its own. */
  readonly database: Database;
  /** Makes the tables of the toolkit, then runs the files of the folder (`*.sql`, by name) that did not run here yet, each in a transaction. Several processes may do so at once. */
  migrate(folder: string | undefined): Promise<void>;
  /** What came of a message, when that is committed. Does not wait for transactions. */
  findHandled(messageId: string, part: string): Promise<Handled | undefined> | Handled | undefined;
  /** Notes that a message became a dead letter, and why. Whether it is handled, should it come again, does not depend on it. A later failure takes its place. */
  noteFailed(messageId: string, part: string, reason: string, nowMs: number): Promise<void>;
  /** Why a message became a dead letter, the last time that it did. */
  findFailed(messageId: string, part: string): Promise<string | undefined>;
  /** Begins the transaction of a message (or of a batch). */
  begin(): Promise<Transaction>;
  /**
   * Takes up to `limit` messages of the outbox that are due and that nobody else sends at the moment, in the order in which
   * they were due, and then written; for `leaseMs` they are the caller's.
   */
  claimOutgoing(nowMs: number, leaseMs: number, limit: number): Promise<readonly OutgoingRecord[]>;
  /** They are sent. */
  deleteOutgoing(ids: readonly string[]): Promise<void>;
  /** Puts them back until then: nobody could receive them. */
  postponeOutgoing(ids: readonly string[], dueMs: number): Promise<void>;
  /** When the next message of the outbox is due that `claimOutgoing` gives then, which may be over; undefined when there is none. What is taken, or has to wait for others, is left out. */
  nextDueMs(): Promise<number | undefined>;
  /** Messages of the outbox that are due and were not sent (`LAG_COUNT_MAX` at most are counted), and when the oldest of them was due. */
  outboxLag(nowMs: number): Promise<{ readonly count: number; readonly oldestDueMs: number | undefined }>;
  /** Forgets messages that were handled before or failed before, and sagas that ended before. Resolves with how many. */
  forgetBefore(timeMs: number): Promise<number>;
  close(): Promise<void>;
}

/** Counting more takes long, and says no more. */
export const LAG_COUNT_MAX = 100_000;

/** A message of the inbox. */
export interface Handled {
  /** As JSON; undefined when it had no reply. */
  readonly reply: string | undefined;
}

/** A message to send, as the outbox keeps it. */
export interface OutgoingRecord {
  /** The message id. Writing one twice keeps the first. */
  readonly id: string;
  readonly exchange: string;
  readonly routingKey: string;
  /** The rest of the message, as JSON that only who wrote it reads. */
  readonly envelope: string;
  readonly body: Uint8Array;
  /** Not to be sent earlier. */
  readonly dueMs: number;
  /** Names a timer: a later record with the same name takes its place, and `cancelTimer` removes it. */
  readonly timer?: string | undefined;
}

/** One transaction. A statement that fails makes `commit` impossible: roll back. */
export interface Transaction {
  /** For the handler. */
  readonly database: Database;
  /** Writes a message into the inbox. False when it is there: a concurrent copy won, so roll back. In PostgreSQL it waits for a copy that is under way. */
  markHandled(messageId: string, part: string, nowMs: number): Promise<boolean>;
  setReply(messageId: string, part: string, reply: string): Promise<void>;
  /** Writes messages to send. For `claimMs` nobody else sends those that are due now: whoever commits does. */
  addOutgoing(records: readonly OutgoingRecord[], nowMs: number, claimMs: number): Promise<void>;
  cancelTimer(timer: string): Promise<void>;
  /** The state of a saga, locked until the transaction ends. */
  lockSaga(saga: string, key: string): Promise<SagaRecord | undefined>;
  /** `state` is JSON; undefined when it is done: then the row stays for a while, so that late messages find it. */
  saveSaga(saga: string, key: string, state: string | undefined, nowMs: number): Promise<void>;
  /** Resolves when it is durable. When it rejects nothing is left of it, unless the connection to the database was lost: then the inbox tells. */
  commit(): Promise<void>;
  /** At any time, also while a statement runs. Without effect after `commit`, which it waits for. */
  rollback(): Promise<void>;
}

export interface SagaRecord {
  /** JSON; undefined when the saga is done. */
  readonly state: string | undefined;
}
