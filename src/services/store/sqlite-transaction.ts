import type { Database, Row, SqlValue } from './database.ts';
import { LazyStatement } from './lazy-statement.ts';
import type { SqliteConnection } from './sqlite-driver.ts';
import type { SqliteFile } from './sqlite-file.ts';
import type { SqliteWriter } from './sqlite-writer.ts';
import type { OutgoingRecord, SagaRecord, Transaction } from './store.ts';
import { asError } from './store-error.ts';
import { cannotCommit, failedBefore, transactionEnded } from './transaction-failures.ts';

/** The statements of transactions, on the connection that writes. */
export class SqliteWrites {
  readonly markHandled: LazyStatement;
  readonly setReply: LazyStatement;
  readonly addOutgoing: LazyStatement;
  readonly setTimer: LazyStatement;
  readonly cancelTimer: LazyStatement;
  readonly lockSaga: LazyStatement;
  readonly saveSaga: LazyStatement;

  constructor(connection: SqliteConnection) {
    const lazy = (text: string): LazyStatement => new LazyStatement(connection, text);
    const insert = `insert into leveret_outbox
      (id, exchange, routing_key, envelope, body, due_ms, claimed_until_ms, timer) values (?, ?, ?, ?, ?, ?, ?, ?)`;
    this.markHandled = lazy(
      'insert into leveret_inbox (message_id, part, handled_ms) values (?, ?, ?) on conflict do nothing',
    );
    this.setReply = lazy('update leveret_inbox set reply = ? where message_id = ? and part = ?');
    this.addOutgoing = lazy(`${insert} on conflict (id) do nothing`);
    this.setTimer = lazy(
      `${insert} on conflict (timer) where timer is not null do update set
         id = excluded.id, exchange = excluded.exchange, routing_key = excluded.routing_key, envelope = excluded.envelope,
         body = excluded.body, due_ms = excluded.due_ms, claimed_until_ms = excluded.claimed_until_ms`,
    );
    this.cancelTimer = lazy('delete from leveret_outbox where timer = ?');
    this.lockSaga = lazy('select state from leveret_saga where saga = ? and key = ?');
    this.saveSaga = lazy(
      `insert into leveret_saga (saga, key, state, changed_ms) values (?, ?, ?, ?)
       on conflict (saga, key) do update set state = excluded.state, changed_ms = excluded.changed_ms`,
    );
  }
}

/** The transaction of a message: a savepoint, which has the writer's turn until it ends. */
export class SqliteTransaction implements Transaction {
  readonly database: Database;
  readonly #writer: SqliteWriter;
  readonly #writes: SqliteWrites;
  #isOpen = true;
  #failure: Error | undefined;
  #settling: Promise<void> | undefined;

  /** The writer's turn is its own already. */
  constructor(file: SqliteFile, writes: SqliteWrites) {
    this.#writer = file.writer;
    this.#writes = writes;
    this.database = new TransactionDatabase(this, file);
  }

  async markHandled(messageId: string, part: string, nowMs: number): Promise<boolean> {
    const key = inboxKey(messageId, part);
    const isNew = this.attempt(() => this.#writes.markHandled.run([messageId, part, nowMs]) === 1);
    if (isNew) this.#writer.mark(key);
    else if (this.#writer.isUncommitted(key)) await this.#waitForCopy();
    return isNew;
  }

  async setReply(messageId: string, part: string, reply: string): Promise<void> {
    this.attempt(() => this.#writes.setReply.run([reply, messageId, part]));
  }

  async addOutgoing(records: readonly OutgoingRecord[], nowMs: number, claimMs: number): Promise<void> {
    this.attempt(() => {
      for (const record of records) this.#add(record, record.dueMs > nowMs ? 0 : nowMs + claimMs);
    });
  }

  async cancelTimer(timer: string): Promise<void> {
    this.attempt(() => this.#writes.cancelTimer.run([timer]));
  }

  async lockSaga(saga: string, key: string): Promise<SagaRecord | undefined> {
    const row = this.attempt(() => this.#writes.lockSaga.get([saga, key]));
    return row === undefined ? undefined : { state: (row[0] as string | null) ?? undefined };
  }

  async saveSaga(saga: string, key: string, state: string | undefined, nowMs: number): Promise<void> {
    this.attempt(() => this.#writes.saveSaga.run([saga, key, state ?? null, nowMs]));
  }

  async commit(): Promise<void> {
    this.assertOpen();
    if (this.#failure !== undefined) {
      this.#undo();
      throw cannotCommit(this.#failure);
    }
    this.#isOpen = false;
    this.#settling = this.#writer.release();
    await this.#settling;
  }

  async rollback(): Promise<void> {
    if (this.#isOpen) this.#undo();
    // Too late to undo: wait for what comes of it.
    else await this.#settling?.catch(() => undefined);
  }

  /** Runs a statement, unless the transaction has ended. Public for its database. */
  attempt<T>(run: () => T): T {
    this.assertOpen();
    if (this.#failure !== undefined) throw failedBefore(this.#failure);
    try {
      return run();
    } catch (error) {
      this.#failure ??= asError(error);
      throw error;
    }
  }

  assertOpen(): void {
    if (!this.#isOpen) throw transactionEnded();
  }

  #add(record: OutgoingRecord, claimedUntilMs: number): void {
    const { id, exchange, routingKey, envelope, body, dueMs, timer } = record;
    const statement = timer === undefined ? this.#writes.addOutgoing : this.#writes.setTimer;
    statement.run([id, exchange, routingKey, envelope, body, dueMs, claimedUntilMs, timer ?? null]);
  }

  #undo(): void {
    this.#isOpen = false;
    this.#writer.undo();
  }

  /** A copy of the message was handled, but it is not durable yet. Whoever believes it must not be told before. */
  async #waitForCopy(): Promise<void> {
    this.#isOpen = false;
    await this.#writer.undoAndCommit();
  }
}

class TransactionDatabase implements Database {
  readonly #transaction: SqliteTransaction;
  readonly #file: SqliteFile;

  constructor(transaction: SqliteTransaction, file: SqliteFile) {
    this.#transaction = transaction;
    this.#file = file;
  }

  async run(
    text: TemplateStringsArray,
    ...values: readonly SqlValue[]
  ): Promise<{ readonly changes: number }> {
    return { changes: this.#transaction.attempt(() => this.#file.statements.run(text, values)) };
  }

  async get<R extends object = Row>(
    text: TemplateStringsArray,
    ...values: readonly SqlValue[]
  ): Promise<R | undefined> {
    return this.#transaction.attempt(() => this.#file.statements.get(text, values)) as R | undefined;
  }

  async all<R extends object = Row>(
    text: TemplateStringsArray,
    ...values: readonly SqlValue[]
  ): Promise<R[]> {
    return this.#transaction.attempt(() => this.#file.statements.all(text, values)) as R[];
  }
}

export function inboxKey(messageId: string, part: string): string {
  return `${part} ${messageId}`;
}
