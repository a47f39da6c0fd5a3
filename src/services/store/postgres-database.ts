import type { Database, Row, SqlValue } from './database.ts';
import type { PostgresRows, PostgresSql } from './postgres-driver.ts';
import { checkValue, refuseTransactionControl, textWithMarks } from './sql-text.ts';

type RunStatement = (statement: (sql: PostgresSql) => Promise<PostgresRows>) => Promise<PostgresRows>;

/** SQL of users. */
export class PostgresDatabase implements Database {
  readonly #run: RunStatement;
  readonly #checked: WeakSet<TemplateStringsArray>;

  /** `checked` are the texts that were looked at before. */
  constructor(run: RunStatement, checked: WeakSet<TemplateStringsArray>) {
    this.#run = run;
    this.#checked = checked;
  }

  async run(
    text: TemplateStringsArray,
    ...values: readonly SqlValue[]
  ): Promise<{ readonly changes: number }> {
    const { command, count } = await this.#rows(text, values);
    return { changes: CHANGING.has(command) ? count : 0 };
  }

  async get<R extends object = Row>(
    text: TemplateStringsArray,
    ...values: readonly SqlValue[]
  ): Promise<R | undefined> {
    return (await this.#rows(text, values))[0] as R | undefined;
  }

  async all<R extends object = Row>(
    text: TemplateStringsArray,
    ...values: readonly SqlValue[]
  ): Promise<R[]> {
    return [...(await this.#rows(text, values))] as R[];
  }

  #rows(text: TemplateStringsArray, values: readonly SqlValue[]): Promise<PostgresRows> {
    return this.#run((sql) => {
      this.#check(text, values);
      return sql(text, ...values);
    });
  }

  #check(text: TemplateStringsArray, values: readonly SqlValue[]): void {
    if (!this.#checked.has(text)) {
      refuseTransactionControl(textWithMarks(text), 'the toolkit commits when the handler has returned');
      this.#checked.add(text);
    }
    for (const [index, value] of values.entries()) checkValue(value, index, text);
  }
}

/** What tells a count of rows that are other than before. */
const CHANGING: ReadonlySet<string> = new Set(['INSERT', 'UPDATE', 'DELETE', 'MERGE']);
