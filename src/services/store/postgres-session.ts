import type { PostgresConnection, PostgresConnections } from './postgres-connections.ts';
import type { PostgresRows, PostgresSql } from './postgres-driver.ts';
import { asError, StoreError } from './store-error.ts';
import { cannotCommit, failedBefore, transactionEnded } from './transaction-failures.ts';

/**
 * A transaction of PostgreSQL on a connection of its own. Statements run one after the other, whoever asks for them: the driver would
 * run those that it has gathered on the next connection when it loses this one.
 *
 *     open --commit()--> ending --> ended
 *       `----rollback()----^
 */
export class PostgresSession {
  readonly #connections: PostgresConnections;
  readonly #connection: PostgresConnection;
  readonly #generation: number;
  /** Cancels the statement of a process of the server. */
  readonly #cancel: (pid: number) => Promise<unknown>;
  #isOpen = true;
  #failure: Error | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #isRunning = false;
  #ending: Promise<void> | undefined;

  private constructor(
    connections: PostgresConnections,
    connection: PostgresConnection,
    cancel: (pid: number) => Promise<unknown>,
  ) {
    this.#connections = connections;
    this.#connection = connection;
    this.#generation = connection.generation;
    this.#cancel = cancel;
  }

  static async begin(
    connections: PostgresConnections,
    cancel: (pid: number) => Promise<unknown>,
  ): Promise<PostgresSession> {
    const connection = await connections.take();
    try {
      await connection.sql.unsafe('begin');
      await learnBackend(connection);
      return new PostgresSession(connections, connection, cancel);
    } catch (error) {
      await connection.drop();
      connections.giveBack(connection);
      throw error;
    }
  }

  /** Runs a statement after those before it, unless the transaction has ended by then. */
  run(statement: (sql: PostgresSql) => Promise<PostgresRows>): Promise<PostgresRows> {
    const result = this.#last.then(() => this.#runNow(statement));
    this.#last = result.catch(() => undefined);
    return result;
  }

  async commit(): Promise<void> {
    await this.#last;
    if (!this.#isOpen) throw transactionEnded();
    if (this.#failure !== undefined) {
      await this.rollback();
      throw cannotCommit(this.#failure);
    }
    this.#isOpen = false;
    this.#ending = this.#commit();
    await this.#ending;
  }

  async rollback(): Promise<void> {
    if (this.#isOpen) {
      this.#isOpen = false;
      this.#ending = this.#rollback();
    }
    await this.#ending?.catch(() => undefined);
  }

  async #runNow(statement: (sql: PostgresSql) => Promise<PostgresRows>): Promise<PostgresRows> {
    if (!this.#isOpen) throw transactionEnded();
    if (this.#failure !== undefined) throw failedBefore(this.#failure);
    try {
      this.#assertConnected();
      this.#isRunning = true;
      return await statement(this.#connection.sql);
    } catch (error) {
      this.#failure ??= asError(error);
      // Now, and not when the driver hears that the socket is closed: until then it would take statements and answer none.
      if (isConnectionFailure(error)) await this.#connection.drop();
      throw error;
    } finally {
      this.#isRunning = false;
    }
  }

  async #commit(): Promise<void> {
    try {
      this.#assertConnected();
      const { command } = await this.#connection.sql.unsafe('commit');
      // PostgreSQL says so when it could only roll back.
      if (command !== 'COMMIT') throw cannotCommit(new Error('PostgreSQL rolled back'));
    } catch (error) {
      await this.#connection.drop();
      throw error;
    } finally {
      this.#connections.giveBack(this.#connection);
    }
  }

  async #rollback(): Promise<void> {
    try {
      if (this.#isRunning) await this.#cancelRunning();
      await this.#last;
      if (this.#isConnected()) await this.#connection.sql.unsafe('rollback');
    } catch {
      // The server rolls back what is left without its connection.
      await this.#connection.drop();
    } finally {
      this.#connections.giveBack(this.#connection);
    }
  }

  async #cancelRunning(): Promise<void> {
    const { backend } = this.#connection;
    if (backend !== undefined && this.#isConnected()) await this.#cancel(backend.pid);
  }

  #isConnected(): boolean {
    return this.#connection.generation === this.#generation;
  }

  #assertConnected(): void {
    if (this.#isConnected()) return;
    throw new StoreError(
      'DATABASE_LOST',
      'the connection to PostgreSQL was lost in the middle of a transaction, of which nothing is left; the message will be tried again',
    );
  }
}

/** Whether it is more than the server's answer to a statement, after which the connection goes on. */
function isConnectionFailure(error: unknown): boolean {
  if (error instanceof StoreError) return false;
  const { name, severity } = error as { readonly name?: unknown; readonly severity?: unknown };
  return name !== 'PostgresError' || severity === 'FATAL' || severity === 'PANIC';
}

/** Once for each connection. */
async function learnBackend(connection: PostgresConnection): Promise<void> {
  const { generation } = connection;
  if (connection.backend?.generation === generation) return;
  const [row] = await connection.sql`select pg_backend_pid() as pid`;
  connection.backend = { pid: Number(row?.['pid']), generation };
}
