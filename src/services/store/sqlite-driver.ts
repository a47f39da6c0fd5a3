import { driverMissing } from './driver-missing.ts';

/** What SQLite takes and gives: whole numbers come as bigint. */
export type SqliteValue = string | number | bigint | null | Uint8Array;

/** A connection to SQLite, as libsql has it. Everything but `commit` is done when it returns. */
export interface SqliteConnection {
  prepare(text: string): SqliteStatement;
  exec(text: string): void;
  /** Does not stand in the way of the event loop while the disk syncs. Nothing else may be asked of the connection meanwhile. */
  commit(): Promise<void>;
  readonly inTransaction: boolean;
  close(): void;
}

export interface SqliteStatement {
  /** Whether it gives rows. */
  readonly reader: boolean;
  run(values: readonly SqliteValue[]): { readonly changes: number };
  /** Rows are arrays in the order of the columns. */
  get(values: readonly SqliteValue[]): unknown[] | undefined;
  all(values: readonly SqliteValue[]): unknown[][];
  columns(): readonly { readonly name: string }[];
}

/** The path of a database that ends with its connection. */
export const IN_MEMORY = ':memory:';

/** Opens connections, which never wait for a lock: they fail with `SQLITE_BUSY`. */
export type OpenSqlite = (path: string) => SqliteConnection;

interface LibsqlStatement extends SqliteStatement {
  raw(on: boolean): this;
  safeIntegers(on: boolean): this;
}

interface LibsqlDatabase {
  readonly inTransaction: boolean;
  prepare(text: string): LibsqlStatement;
  exec(this: LibsqlDatabase, text: string): unknown;
  close(): void;
}

interface LibsqlModule {
  readonly default: { new (path: string): LibsqlDatabase; readonly prototype: LibsqlDatabase };
}

interface LibsqlPromiseModule {
  readonly default: { readonly prototype: { exec(this: LibsqlDatabase, text: string): Promise<void> } };
}

export async function loadSqlite(service: string): Promise<OpenSqlite> {
  // Not literals: who does not install libsql has no types of it either.
  const [name, promiseName] = ['libsql', 'libsql/promise'];
  try {
    const { default: Database } = (await import(name)) as LibsqlModule;
    const { default: Asynchronous } = (await import(promiseName)) as LibsqlPromiseModule;
    return (path) =>
      new LibsqlConnection(
        new Database(path),
        path === IN_MEMORY ? Database.prototype.exec : Asynchronous.prototype.exec,
      );
  } catch (error) {
    throw driverMissing(service, 'SQLite', 'libsql', error);
  }
}

class LibsqlConnection implements SqliteConnection {
  readonly #database: LibsqlDatabase;
  readonly #execForCommit: (this: LibsqlDatabase, text: string) => unknown;

  /**
   * `execForCommit` is, where there is a disk to wait for, the method of libsql's class with promises. Both classes hold the same
   * connection in the same field.
   */
  constructor(database: LibsqlDatabase, execForCommit: (this: LibsqlDatabase, text: string) => unknown) {
    this.#database = database;
    this.#execForCommit = execForCommit;
  }

  get inTransaction(): boolean {
    return this.#database.inTransaction;
  }

  prepare(text: string): SqliteStatement {
    const statement = this.#database.prepare(text).safeIntegers(true);
    return statement.reader ? statement.raw(true) : statement;
  }

  exec(text: string): void {
    this.#database.exec(text);
  }

  async commit(): Promise<void> {
    await this.#execForCommit.call(this.#database, 'commit');
  }

  close(): void {
    this.#database.close();
  }
}
