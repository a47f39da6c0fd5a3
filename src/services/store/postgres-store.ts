import type { Database } from './database.ts';
import { PostgresConnection, PostgresConnections } from './postgres-connections.ts';
import { PostgresDatabase } from './postgres-database.ts';
import { loadPostgres, type OpenPostgres, type PostgresRows, type PostgresSql } from './postgres-driver.ts';
import { type PostgresPlace, runPostgresMigrations } from './postgres-migrations.ts';
import { PostgresSession } from './postgres-session.ts';
import { PostgresTransaction } from './postgres-transaction.ts';
import { inSendingOrder } from './sending-order.ts';
import { type Handled, LAG_COUNT_MAX, type OutgoingRecord, type Store, type Transaction } from './store.ts';
import { databaseClosed } from './store-error.ts';

/** Transactions at a time, unless the URL says `?max=20`. */
const TRANSACTIONS_MAX = 10;
/** Connections for what is not part of a transaction, so that it waits for none. */
const SINGLE_MAX = 2;
/** Rows that are forgotten in one statement. */
const FORGET_SLICE = 1_000;
/** A row of the outbox waits so long for older transactions that may come before it. */
const ORDER_MS = 5_000;

export async function openPostgresStore(url: string, service: string): Promise<Store> {
  const open = await loadPostgres(url, service);
  const max = Number(/[?&]max=(\d+)/.exec(url)?.[1] ?? TRANSACTIONS_MAX);
  return new PostgresStore(open, Math.max(max, 1), placeOf(url, service));
}

class PostgresStore implements Store {
  readonly kind = 'postgres';
  readonly database: Database;
  readonly #place: PostgresPlace;
  readonly #connections: PostgresConnections;
  readonly #single: PostgresConnection;
  readonly #checked = new WeakSet<TemplateStringsArray>();
  #isClosed = false;

  constructor(open: OpenPostgres, transactionsMax: number, place: PostgresPlace) {
    this.#place = place;
    this.#connections = new PostgresConnections(open, transactionsMax);
    this.#single = new PostgresConnection(open, SINGLE_MAX);
    this.database = new PostgresDatabase((statement) => this.#run(statement), this.#checked);
  }

  async migrate(folder: string | undefined): Promise<void> {
    this.#assertOpen();
    await runPostgresMigrations(() => this.#beginSession(), this.#place, folder);
  }

  async findHandled(messageId: string, part: string): Promise<Handled | undefined> {
    const [row] = await this.#run(
      (sql) => sql`select reply from leveret_inbox where message_id = ${messageId} and part = ${part}`,
    );
    return row === undefined ? undefined : { reply: (row['reply'] as string | null) ?? undefined };
  }

  async noteFailed(messageId: string, part: string, reason: string, nowMs: number): Promise<void> {
    await this.#run(
      (sql) => sql`insert into leveret_failed (message_id, part, failed_ms, reason)
        values (${messageId}, ${part}, ${nowMs}, ${reason})
        on conflict (message_id, part) do update set failed_ms = excluded.failed_ms, reason = excluded.reason`,
    );
  }

  async findFailed(messageId: string, part: string): Promise<string | undefined> {
    const [row] = await this.#run(
      (sql) => sql`select reason from leveret_failed where message_id = ${messageId} and part = ${part}`,
    );
    return row?.['reason'] as string | undefined;
  }

  async begin(): Promise<Transaction> {
    return new PostgresTransaction(await this.#beginSession(), this.#checked);
  }

  /** The sequence is not the order of commits. So a row waits until no transaction is under way that began before its own. Timers are in no order. */
  async claimOutgoing(nowMs: number, leaseMs: number, limit: number): Promise<readonly OutgoingRecord[]> {
    const rows = await this.#run(
      (sql) => sql`update leveret_outbox set claimed_until_ms = ${nowMs + leaseMs} where seq in (
          select seq from leveret_outbox where due_ms <= ${nowMs} and claimed_until_ms <= ${nowMs}
            and (timer is not null or due_ms <= ${nowMs - ORDER_MS} or transaction_id < pg_snapshot_xmin(pg_current_snapshot()))
          order by due_ms, seq limit ${limit} for update skip locked)
        returning seq, id, exchange, routing_key, envelope, body, due_ms, timer`,
    );
    return inSendingOrder([...rows].map((row) => ({ seq: Number(row['seq']), record: recordOf(row) })));
  }

  async deleteOutgoing(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    await this.#run(
      (sql) => sql`delete from leveret_outbox where id in (
        select jsonb_array_elements_text(${JSON.stringify(ids)}::text::jsonb))`,
    );
  }

  async postponeOutgoing(ids: readonly string[], dueMs: number): Promise<void> {
    await this.#run(
      (sql) => sql`update leveret_outbox set due_ms = ${dueMs}, claimed_until_ms = 0 where id in (
        select jsonb_array_elements_text(${JSON.stringify(ids)}::text::jsonb))`,
    );
  }

  /** Without what waits for older transactions: whoever asked again at once for that would ask without end. */
  async nextDueMs(): Promise<number | undefined> {
    const [row] = await this.#run(
      (sql) => sql`select due_ms from leveret_outbox where claimed_until_ms <= due_ms
        and (timer is not null or transaction_id < pg_snapshot_xmin(pg_current_snapshot()))
        order by due_ms limit 1`,
    );
    return row === undefined ? undefined : Number(row['due_ms']);
  }

  async outboxLag(
    nowMs: number,
  ): Promise<{ readonly count: number; readonly oldestDueMs: number | undefined }> {
    const [row] = await this.#run(
      (sql) => sql`select count(*) as count, min(due_ms) as oldest from (
        select due_ms from leveret_outbox where due_ms <= ${nowMs} order by due_ms limit ${LAG_COUNT_MAX}) as due`,
    );
    const oldest = row?.['oldest'] ?? undefined;
    return { count: Number(row?.['count']), oldestDueMs: oldest === undefined ? undefined : Number(oldest) };
  }

  async forgetBefore(timeMs: number): Promise<number> {
    const handled = await this.#inSlices(
      (sql) => sql`delete from leveret_inbox where (message_id, part) in (
        select message_id, part from leveret_inbox where handled_ms < ${timeMs} limit ${FORGET_SLICE})`,
    );
    const failed = await this.#inSlices(
      (sql) => sql`delete from leveret_failed where (message_id, part) in (
        select message_id, part from leveret_failed where failed_ms < ${timeMs} limit ${FORGET_SLICE})`,
    );
    const ended = await this.#inSlices(
      (sql) => sql`delete from leveret_saga where state is null and (saga, key) in (
        select saga, key from leveret_saga where state is null and changed_ms < ${timeMs} limit ${FORGET_SLICE})`,
    );
    return handled + failed + ended;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#connections.close();
    await this.#single.drop(CLOSE_TIMEOUT_S);
  }

  /** A statement that is a transaction of its own. */
  async #run(statement: (sql: PostgresSql) => Promise<PostgresRows>): Promise<PostgresRows> {
    this.#assertOpen();
    return statement(this.#single.sql);
  }

  #beginSession(): Promise<PostgresSession> {
    this.#assertOpen();
    return PostgresSession.begin(
      this.#connections,
      (pid) => this.#single.sql`select pg_cancel_backend(${pid})`,
    );
  }

  async #inSlices(statement: (sql: PostgresSql) => Promise<PostgresRows>): Promise<number> {
    let total = 0;
    for (;;) {
      const { count } = await this.#run(statement);
      total += count;
      if (count < FORGET_SLICE) return total;
    }
  }

  #assertOpen(): void {
    if (this.#isClosed) throw databaseClosed(this.#place.service);
  }
}

const CLOSE_TIMEOUT_S = 5;

/** Without what may be secret. */
function placeOf(url: string, service: string): PostgresPlace {
  const [address = '', query = ''] = url.split('?');
  const name = address.slice(address.lastIndexOf('/') + 1);
  const path = new URLSearchParams(query).get('search_path');
  const schema = path
    ?.split(',')[0]
    ?.trim()
    .replace(/^"(.*)"$/, '$1');
  return { service, name: `database '${name}'`, schema: schema === '' ? undefined : schema };
}

function recordOf(row: Record<string, unknown>): OutgoingRecord {
  return {
    id: row['id'] as string,
    exchange: row['exchange'] as string,
    routingKey: row['routing_key'] as string,
    envelope: row['envelope'] as string,
    body: row['body'] as Uint8Array,
    dueMs: Number(row['due_ms']),
    timer: (row['timer'] as string | null) ?? undefined,
  };
}
