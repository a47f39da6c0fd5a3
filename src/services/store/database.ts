/** What a statement takes. */
export type SqlValue = string | number | bigint | boolean | null | Uint8Array;

/** A row, by the names of its columns. */
export type Row = Record<string, unknown>;

/**
 * A service's own database: SQL with values between the text, which never become part of it.
 *
 * @example
 * await database.run`insert into orders (id, total) values (${id}, ${total})`;
 * const order = await database.get<{ total: number }>`select total from orders where id = ${id}`;
 */
export interface Database {
  /** Resolves with how many rows it inserted, changed or deleted. */
  run(text: TemplateStringsArray, ...values: readonly SqlValue[]): Promise<{ readonly changes: number }>;
  /** The first row, if there is one. */
  get<R extends object = Row>(
    text: TemplateStringsArray,
    ...values: readonly SqlValue[]
  ): Promise<R | undefined>;
  all<R extends object = Row>(text: TemplateStringsArray, ...values: readonly SqlValue[]): Promise<R[]>;
}
