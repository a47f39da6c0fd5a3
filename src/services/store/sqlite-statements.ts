import type { Row, SqlValue } from './database.ts';
import { numberWhenSafe } from './number-when-safe.ts';
import { checkValue, refuseTransactionControl, textWithMarks } from './sql-text.ts';
import type { SqliteConnection, SqliteStatement, SqliteValue } from './sqlite-driver.ts';

/** A statement of a template, prepared once, and the names of its columns. */
class TemplateStatement {
  readonly #statement: SqliteStatement;
  readonly #connection: SqliteConnection;
  #names: readonly string[] = [];

  constructor(statement: SqliteStatement, connection: SqliteConnection) {
    this.#statement = statement;
    this.#connection = connection;
  }

  run(values: readonly SqliteValue[]): number {
    if (!this.#statement.reader) return this.#statement.run(values).changes;
    // With `returning`. The driver would leave it unfinished if it were run without taking its rows.
    const before = totalChanges(this.#connection);
    this.#statement.all(values);
    return totalChanges(this.#connection) - before;
  }

  get(values: readonly SqliteValue[]): Row | undefined {
    if (!this.#statement.reader) {
      this.#statement.run(values);
      return undefined;
    }
    const cells = this.#statement.get(values);
    return cells === undefined ? undefined : this.#row(cells);
  }

  all(values: readonly SqliteValue[]): Row[] {
    if (!this.#statement.reader) {
      this.#statement.run(values);
      return [];
    }
    return this.#statement.all(values).map((cells) => this.#row(cells));
  }

  #row(cells: readonly unknown[]): Row {
    if (this.#names.length !== cells.length) {
      this.#names = this.#statement.columns().map(({ name }) => name);
    }
    const row: Row = {};
    for (const [index, name] of this.#names.entries()) row[name] = cellValue(cells[index]);
    return row;
  }
}

/** The statements of tagged templates on one connection. A template in the program is one array of texts for ever. */
export class SqliteStatements {
  readonly #connection: SqliteConnection;
  readonly #prepared = new WeakMap<TemplateStringsArray, TemplateStatement>();

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  run(text: TemplateStringsArray, values: readonly SqlValue[]): number {
    return this.#statementOf(text).run(boundValues(values, text));
  }

  get(text: TemplateStringsArray, values: readonly SqlValue[]): Row | undefined {
    return this.#statementOf(text).get(boundValues(values, text));
  }

  all(text: TemplateStringsArray, values: readonly SqlValue[]): Row[] {
    return this.#statementOf(text).all(boundValues(values, text));
  }

  #statementOf(text: TemplateStringsArray): TemplateStatement {
    const known = this.#prepared.get(text);
    if (known !== undefined) return known;
    const marked = textWithMarks(text);
    refuseTransactionControl(marked, 'the toolkit commits when the handler has returned');
    const statement = new TemplateStatement(this.#connection.prepare(marked), this.#connection);
    this.#prepared.set(text, statement);
    return statement;
  }
}

function boundValues(values: readonly SqlValue[], text: TemplateStringsArray): SqliteValue[] {
  return values.map((value, index) => {
    checkValue(value, index, text);
    return typeof value === 'boolean' ? Number(value) : value;
  });
}

function cellValue(cell: unknown): unknown {
  if (typeof cell === 'bigint') return numberWhenSafe(cell);
  return cell instanceof ArrayBuffer ? Buffer.from(cell) : cell;
}

function totalChanges(connection: SqliteConnection): number {
  return Number(connection.prepare('select total_changes()').get([])?.[0]);
}
