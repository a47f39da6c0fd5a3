import type { Database } from './database.ts';
import { PostgresDatabase } from './postgres-database.ts';
import type { PostgresSession } from './postgres-session.ts';
import type { OutgoingRecord, SagaRecord, Transaction } from './store.ts';

/** Rows of one insert. PostgreSQL takes 65 534 values. */
const INSERT_ROWS_MAX = 500;

/** The transaction of a message. */
export class PostgresTransaction implements Transaction {
  readonly database: Database;
  readonly #session: PostgresSession;

  constructor(session: PostgresSession, checked: WeakSet<TemplateStringsArray>) {
    this.#session = session;
    this.database = new PostgresDatabase((statement) => session.run(statement), checked);
  }

  async markHandled(messageId: string, part: string, nowMs: number): Promise<boolean> {
    const { count } = await this.#session.run(
      (
        sql,
      ) => sql`insert into leveret_inbox (message_id, part, handled_ms) values (${messageId}, ${part}, ${nowMs})
        on conflict do nothing`,
    );
    return count === 1;
  }

  async setReply(messageId: string, part: string, reply: string): Promise<void> {
    await this.#session.run(
      (sql) =>
        sql`update leveret_inbox set reply = ${reply} where message_id = ${messageId} and part = ${part}`,
    );
  }

  async addOutgoing(records: readonly OutgoingRecord[], nowMs: number, claimMs: number): Promise<void> {
    let rows: unknown[][] = [];
    const insert = async (): Promise<void> => {
      if (rows.length > 0) await this.#insert(rows, 'on conflict (id) do nothing');
      rows = [];
    };
    for (const record of records) {
      const row = rowOf(record, record.dueMs > nowMs ? 0 : nowMs + claimMs);
      if (record.timer !== undefined) await this.#insert([row], TAKE_PLACE);
      else if (rows.push(row) === INSERT_ROWS_MAX) await insert();
    }
    await insert();
  }

  async cancelTimer(timer: string): Promise<void> {
    await this.#session.run((sql) => sql`delete from leveret_outbox where timer = ${timer}`);
  }

  /** A row that is not there cannot be locked, so the lock is one of the server's own, on a hash of saga and key. */
  async lockSaga(saga: string, key: string): Promise<SagaRecord | undefined> {
    await this.#session.run(
      (sql) => sql`select pg_advisory_xact_lock(hashtextextended(${`${saga} ${key}`}, 0))`,
    );
    const [row] = await this.#session.run(
      (sql) => sql`select state from leveret_saga where saga = ${saga} and key = ${key}`,
    );
    return row === undefined ? undefined : { state: (row['state'] as string | null) ?? undefined };
  }

  async saveSaga(saga: string, key: string, state: string | undefined, nowMs: number): Promise<void> {
    await this.#session.run(
      (
        sql,
      ) => sql`insert into leveret_saga (saga, key, state, changed_ms) values (${saga}, ${key}, ${state ?? null}, ${nowMs})
        on conflict (saga, key) do update set state = excluded.state, changed_ms = excluded.changed_ms`,
    );
  }

  commit(): Promise<void> {
    return this.#session.commit();
  }

  rollback(): Promise<void> {
    return this.#session.rollback();
  }

  async #insert(rows: readonly unknown[][], onConflict: string): Promise<void> {
    const places = rows.map(
      (row, at) => `(${row.map((_, index) => `$${at * row.length + index + 1}`).join(', ')})`,
    );
    const text = `insert into leveret_outbox
      (id, exchange, routing_key, envelope, body, due_ms, claimed_until_ms, timer) values ${places.join(', ')} ${onConflict}`;
    // The server keeps a plan for each number of rows: not for each that there can be.
    await this.#session.run((sql) =>
      sql.unsafe(text, rows.flat(), { prepare: rows.length <= PREPARED_ROWS_MAX }),
    );
  }
}

function rowOf(record: OutgoingRecord, claimedUntilMs: number): unknown[] {
  const { id, exchange, routingKey, envelope, body, dueMs, timer } = record;
  return [id, exchange, routingKey, envelope, body, dueMs, claimedUntilMs, timer ?? null];
}

const PREPARED_ROWS_MAX = 4;

const TAKE_PLACE = `on conflict (timer) do update set
  id = excluded.id, exchange = excluded.exchange, routing_key = excluded.routing_key, envelope = excluded.envelope,
  body = excluded.body, due_ms = excluded.due_ms, claimed_until_ms = excluded.claimed_until_ms,
  transaction_id = excluded.transaction_id`;
