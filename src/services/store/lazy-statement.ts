import type { SqliteConnection, SqliteStatement, SqliteValue } from './sqlite-driver.ts';

/** A statement of the toolkit, prepared when it is first used: then its table is there. */
export class LazyStatement {
  readonly #connection: SqliteConnection;
  readonly #text: string;
  #statement: SqliteStatement | undefined;

  constructor(connection: SqliteConnection, text: string) {
    this.#connection = connection;
    this.#text = text;
  }

  run(values: readonly SqliteValue[]): number {
    return this.#prepared().run(values).changes;
  }

  get(values: readonly SqliteValue[]): unknown[] | undefined {
    return this.#prepared().get(values);
  }

  all(values: readonly SqliteValue[]): unknown[][] {
    return this.#prepared().all(values);
  }

  #prepared(): SqliteStatement {
    this.#statement ??= this.#connection.prepare(this.#text);
    return this.#statement;
  }
}
