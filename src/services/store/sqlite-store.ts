import type { Database, Row, SqlValue } from './database.ts';
import { LazyStatement } from './lazy-statement.ts';
import { inSendingOrder } from './sending-order.ts';
import { isBusy, whenFree } from './sqlite-busy.ts';
import { enterSqliteFile, type SqliteFile } from './sqlite-file.ts';
import { runSqliteMigrations } from './sqlite-migrations.ts';
import { inboxKey, SqliteTransaction, SqliteWrites } from './sqlite-transaction.ts';
import { type Handled, LAG_COUNT_MAX, type OutgoingRecord, type Store, type Transaction } from './store.ts';
import { databaseClosed } from './store-error.ts';

/** Rows that are forgotten in one transaction. */
const FORGET_SLICE = 500;

export async function openSqliteStore(url: string, service: string): Promise<Store> {
  return new SqliteStore(await enterSqliteFile(url, service), service);
}

class SqliteStore implements Store {
  readonly kind = 'sqlite';
  readonly database: Database;
  readonly #file: SqliteFile;
  readonly #service: string;
  readonly #writes: SqliteWrites;
  readonly #findHandled: LazyStatement;
  readonly #isAnyDue: LazyStatement;
  readonly #nextDue: LazyStatement;
  readonly #lag: LazyStatement;
  readonly #claim: LazyStatement;
  readonly #delete: LazyStatement;
  readonly #postpone: LazyStatement;
  readonly #noteFailed: LazyStatement;
  readonly #findFailed: LazyStatement;
  readonly #forgetHandled: LazyStatement;
  readonly #forgetFailed: LazyStatement;
  readonly #forgetSagas: LazyStatement;
  /** What was sent, until somebody's transaction deletes it. */
  #sent: string[] = [];
  #deleting: Promise<void> | undefined;
  #isClosed = false;

  constructor(file: SqliteFile, service: string) {
    this.#file = file;
    this.#service = service;
    this.#writes = new SqliteWrites(file.connection);
    this.database = new SingleStatements(this, file);
    const { reader, connection } = file;
    this.#findHandled = new LazyStatement(
      reader,
      'select reply from leveret_inbox where message_id = ? and part = ?',
    );
    this.#isAnyDue = new LazyStatement(
      reader,
      'select 1 from leveret_outbox where due_ms <= ? and claimed_until_ms <= ? limit 1',
    );
    this.#nextDue = new LazyStatement(
      reader,
      'select due_ms from leveret_outbox where claimed_until_ms <= due_ms order by due_ms limit 1',
    );
    this.#lag = new LazyStatement(
      reader,
      `select count(*), min(due_ms) from (
         select due_ms from leveret_outbox where due_ms <= ? order by due_ms limit ${LAG_COUNT_MAX})`,
    );
    this.#claim = new LazyStatement(
      connection,
      `update leveret_outbox set claimed_until_ms = ? where seq in (
         select seq from leveret_outbox where due_ms <= ? and claimed_until_ms <= ? order by due_ms, seq limit ?)
       returning seq, id, exchange, routing_key, envelope, body, due_ms, timer`,
    );
    this.#delete = new LazyStatement(connection, 'delete from leveret_outbox where id = ?');
    this.#postpone = new LazyStatement(
      connection,
      'update leveret_outbox set due_ms = ?, claimed_until_ms = 0 where id = ?',
    );
    this.#noteFailed = new LazyStatement(
      connection,
      `insert into leveret_failed (message_id, part, failed_ms, reason) values (?, ?, ?, ?)
       on conflict (message_id, part) do update set failed_ms = excluded.failed_ms, reason = excluded.reason`,
    );
    this.#findFailed = new LazyStatement(
      reader,
      'select reason from leveret_failed where message_id = ? and part = ?',
    );
    this.#forgetHandled = new LazyStatement(
      connection,
      `delete from leveret_inbox where handled_ms < ? and rowid in (
         select rowid from leveret_inbox order by rowid limit ${FORGET_SLICE})`,
    );
    this.#forgetFailed = new LazyStatement(
      connection,
      `delete from leveret_failed where (message_id, part) in (
         select message_id, part from leveret_failed where failed_ms < ? limit ${FORGET_SLICE})`,
    );
    this.#forgetSagas = new LazyStatement(
      connection,
      `delete from leveret_saga where (saga, key) in (
         select saga, key from leveret_saga where state is null and changed_ms < ? limit ${FORGET_SLICE})`,
    );
  }

  async migrate(folder: string | undefined): Promise<void> {
    this.assertOpen();
    await runSqliteMigrations(this.#file, this.#service, folder);
  }

  findHandled(messageId: string, part: string): Promise<Handled | undefined> | Handled | undefined {
    this.assertOpen();
    if (this.#file.isInMemory && this.#file.writer.isUncommitted(inboxKey(messageId, part))) return undefined;
    const find = (): Handled | undefined => handledOf(this.#findHandled.get([messageId, part]));
    try {
      return find();
    } catch (error) {
      if (isBusy(error)) return whenFree(this.#file.path, find);
      throw error;
    }
  }

  async noteFailed(messageId: string, part: string, reason: string, nowMs: number): Promise<void> {
    await this.write(() => this.#noteFailed.run([messageId, part, nowMs, reason]));
  }

  async findFailed(messageId: string, part: string): Promise<string | undefined> {
    const row = await this.#read(() => this.#findFailed.get([messageId, part]));
    return row?.[0] as string | undefined;
  }

  async begin(): Promise<Transaction> {
    this.assertOpen();
    await this.#file.writer.begin();
    return new SqliteTransaction(this.#file, this.#writes);
  }

  async claimOutgoing(nowMs: number, leaseMs: number, limit: number): Promise<readonly OutgoingRecord[]> {
    const isAnyDue = await this.#read(() => this.#isAnyDue.get([nowMs, nowMs]) !== undefined);
    if (!isAnyDue) return [];
    const rows = await this.write(() => this.#claim.all([nowMs + leaseMs, nowMs, nowMs, limit]));
    return inSendingOrder(rows.map((cells) => ({ seq: Number(cells[0]), record: recordOf(cells) })));
  }

  /** Whoever waits for the writer's turn deletes for all who come meanwhile. */
  deleteOutgoing(ids: readonly string[]): Promise<void> {
    for (const id of ids) this.#sent.push(id);
    this.#deleting ??= this.#deleteSent();
    return this.#deleting;
  }

  async postponeOutgoing(ids: readonly string[], dueMs: number): Promise<void> {
    await this.write(() => {
      for (const id of ids) this.#postpone.run([dueMs, id]);
    });
  }

  async nextDueMs(): Promise<number | undefined> {
    const row = await this.#read(() => this.#nextDue.get([]));
    return numberOrNone(row?.[0]);
  }

  async outboxLag(
    nowMs: number,
  ): Promise<{ readonly count: number; readonly oldestDueMs: number | undefined }> {
    const row = await this.#read(() => this.#lag.get([nowMs]));
    return { count: Number(row?.[0]), oldestDueMs: numberOrNone(row?.[1]) };
  }

  async forgetBefore(timeMs: number): Promise<number> {
    let count = 0;
    for (const statement of [this.#forgetHandled, this.#forgetFailed, this.#forgetSagas]) {
      count += await this.#forget(statement, timeMs);
    }
    return count;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#file.leave();
  }

  /** A transaction of its own. Public for the database. */
  async write<T>(run: () => T): Promise<T> {
    this.assertOpen();
    const { writer } = this.#file;
    await writer.begin();
    let result: T;
    try {
      result = run();
    } catch (error) {
      writer.undo();
      throw error;
    }
    await writer.release();
    return result;
  }

  assertOpen(): void {
    if (this.#isClosed) throw databaseClosed(this.#service);
  }

  #read<T>(read: () => T): Promise<T> {
    this.assertOpen();
    return whenFree(this.#file.path, read);
  }

  async #deleteSent(): Promise<void> {
    try {
      await this.write(() => {
        const sent = this.#sent;
        this.#sent = [];
        this.#deleting = undefined;
        for (const id of sent) this.#delete.run([id]);
      });
    } catch (error) {
      // Nobody is to wait for one that never had its turn. What it was to delete is left for the next one.
      this.#deleting = undefined;
      throw error;
    }
  }

  /** In slices, so that messages come in between. */
  async #forget(statement: LazyStatement, timeMs: number): Promise<number> {
    let count = 0;
    for (;;) {
      const changes = await this.write(() => statement.run([timeMs]));
      count += changes;
      if (changes < FORGET_SLICE) return count;
    }
  }
}

/** Statements outside of a message. */
class SingleStatements implements Database {
  readonly #store: SqliteStore;
  readonly #file: SqliteFile;

  constructor(store: SqliteStore, file: SqliteFile) {
    this.#store = store;
    this.#file = file;
  }

  async run(
    text: TemplateStringsArray,
    ...values: readonly SqlValue[]
  ): Promise<{ readonly changes: number }> {
    return { changes: await this.#store.write(() => this.#file.statements.run(text, values)) };
  }

  get<R extends object = Row>(
    text: TemplateStringsArray,
    ...values: readonly SqlValue[]
  ): Promise<R | undefined> {
    return this.#readOrWrite((statements) => statements.get(text, values) as R | undefined);
  }

  all<R extends object = Row>(text: TemplateStringsArray, ...values: readonly SqlValue[]): Promise<R[]> {
    return this.#readOrWrite((statements) => statements.all(text, values) as R[]);
  }

  /** What cannot be done by reading is an `insert ... returning` or the like. In memory, reading would show what is not committed. */
  async #readOrWrite<T>(run: (statements: SqliteFile['statements']) => T): Promise<T> {
    this.#store.assertOpen();
    if (this.#file.isInMemory) return this.#store.write(() => run(this.#file.statements));
    try {
      return await whenFree(this.#file.path, () => run(this.#file.readStatements));
    } catch (error) {
      if ((error as { readonly code?: unknown }).code !== 'SQLITE_READONLY') throw error;
      return this.#store.write(() => run(this.#file.statements));
    }
  }
}

function handledOf(row: unknown[] | undefined): Handled | undefined {
  return row === undefined ? undefined : { reply: (row[0] as string | null) ?? undefined };
}

function recordOf(cells: readonly unknown[]): OutgoingRecord {
  const [, id, exchange, routingKey, envelope, body, dueMs, timer] = cells;
  return {
    id: id as string,
    exchange: exchange as string,
    routingKey: routingKey as string,
    envelope: envelope as string,
    body: body instanceof ArrayBuffer ? new Uint8Array(body) : (body as Uint8Array),
    dueMs: Number(dueMs),
    timer: (timer as string | null) ?? undefined,
  };
}

function numberOrNone(cell: unknown): number | undefined {
  return cell === null || cell === undefined ? undefined : Number(cell);
}
