import { driverMissing } from './driver-missing.ts';
import { numberWhenSafe } from './number-when-safe.ts';

/** The rows of a statement, with how many it was about. */
export interface PostgresRows extends ReadonlyArray<Record<string, unknown>> {
  readonly count: number;
  readonly command: string;
}

/** Connections to PostgreSQL, as the package `postgres` has them. */
export interface PostgresSql {
  (text: TemplateStringsArray, ...values: readonly unknown[]): Promise<PostgresRows>;
  /** A statement made of texts. Without values it may be any that begins or ends a transaction. */
  unsafe(
    text: string,
    values?: readonly unknown[],
    options?: { readonly prepare: boolean },
  ): Promise<PostgresRows>;
  end(options: { readonly timeout: number }): Promise<void>;
}

export interface OpenPostgresOptions {
  /** Connections at most. */
  readonly max: number;
  /** A connection is lost, or was closed. */
  onclose?(): void;
}

/** Opens connections when they are needed, also after they were lost. */
export type OpenPostgres = (options: OpenPostgresOptions) => PostgresSql;

type Postgres = (url: string, options: object) => PostgresSql;

const CONNECT_TIMEOUT_S = 10;

/** How values of JavaScript become those of PostgreSQL and the other way round, where the driver's own way would surprise. */
const TYPES = {
  bigint: { to: 20, from: [20], serialize: String, parse: (text: string) => numberWhenSafe(BigInt(text)) },
  boolean: {
    to: 16,
    from: [16],
    serialize: (value: unknown) => (typeof value === 'number' ? String(value !== 0) : String(value)),
    parse: (text: string) => text === 't',
  },
  /** JSON is passed as text. */
  json: {
    to: 114,
    from: [114, 3802],
    serialize: String,
    parse: (text: string) => JSON.parse(text) as unknown,
  },
};

export async function loadPostgres(url: string, service: string): Promise<OpenPostgres> {
  // Not a literal: who does not install the package has no types of it either.
  const name = 'postgres';
  let postgres: Postgres;
  try {
    ({ default: postgres } = (await import(name)) as { readonly default: Postgres });
  } catch (error) {
    throw driverMissing(service, 'PostgreSQL', name, error);
  }
  return ({ max, onclose }) =>
    postgres(url, {
      max,
      onclose,
      types: TYPES,
      // arrays are not among the values
      fetch_types: false,
      // a connection that ends by itself would take a transaction with it
      max_lifetime: null,
      connect_timeout: CONNECT_TIMEOUT_S,
      onnotice: () => undefined,
      connection: { application_name: `leveret ${service}` },
    });
}
