import type { OpenPostgres, PostgresSql } from './postgres-driver.ts';
import { StoreError } from './store-error.ts';

/** Until then statements that are under way may end. */
const END_TIMEOUT_S = 2;

/**
 * One connection, for one transaction at a time; or several, for statements that need no other. It is opened when it is used, also
 * after it was lost: by another instance of the driver, for the one that lost it would tell the next statement of the error of the last.
 */
export class PostgresConnection {
  /** Changes when the connection is lost. What began before must not go on. */
  generation = 0;
  /** Of the server's process, to cancel a statement; of which generation. */
  backend: { readonly pid: number; readonly generation: number } | undefined;
  readonly #open: OpenPostgres;
  readonly #max: number;
  #sql: PostgresSql | undefined;

  constructor(open: OpenPostgres, max = 1) {
    this.#open = open;
    this.#max = max;
  }

  get sql(): PostgresSql {
    if (this.#sql === undefined) {
      const sql: PostgresSql = this.#open({ max: this.#max, onclose: () => this.#onClose(sql) });
      this.#sql = sql;
    }
    return this.#sql;
  }

  /** Closes it. What is under way may end within the time; of a transaction the server rolls back what there is. */
  async drop(timeoutS = 0): Promise<void> {
    const sql = this.#sql;
    this.#sql = undefined;
    this.generation += 1;
    await sql?.end({ timeout: timeoutS });
  }

  #onClose(sql: PostgresSql): void {
    // Dropped before, then.
    if (sql !== this.#sql) return;
    this.drop(END_TIMEOUT_S).catch(() => undefined);
  }
}

/** The connections that transactions take and give back. */
export class PostgresConnections {
  readonly #all: readonly PostgresConnection[];
  readonly #free: PostgresConnection[];
  readonly #waiting: { resolve(connection: PostgresConnection): void; reject(error: Error): void }[] = [];

  constructor(open: OpenPostgres, max: number) {
    this.#all = Array.from({ length: max }, () => new PostgresConnection(open));
    this.#free = [...this.#all];
  }

  /** Waits for one when all are taken. */
  take(): Promise<PostgresConnection> {
    const free = this.#free.pop();
    if (free !== undefined) return Promise.resolve(free);
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  giveBack(connection: PostgresConnection): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(connection);
    else next.resolve(connection);
  }

  /** Whoever has a connection loses it. */
  async close(): Promise<void> {
    for (const { reject } of this.#waiting.splice(0)) {
      reject(
        new StoreError('DATABASE_CLOSED', 'the database was closed while a transaction waited to begin'),
      );
    }
    await Promise.all(this.#all.map((connection) => connection.drop()));
  }
}
