export type StoreErrorCode =
  | 'DATABASE_URL_INVALID'
  | 'DATABASE_DRIVER_MISSING'
  | 'DATABASE_BUSY'
  | 'DATABASE_OWNED'
  | 'DATABASE_CLOSED'
  | 'DATABASE_LOST'
  | 'MIGRATION_FAILED'
  | 'STATEMENT_INVALID'
  | 'TRANSACTION_FAILED'
  | 'TRANSACTION_ENDED';

/** What the toolkit itself says about a service's database. What the database says about a statement comes as the driver's error. */
export class StoreError extends Error {
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, text: string, options?: ErrorOptions) {
    super(text, options);
    this.name = 'StoreError';
    this.code = code;
  }
}

export function databaseClosed(service: string): StoreError {
  return new StoreError(
    'DATABASE_CLOSED',
    `the database of service '${service}' is closed: the service has stopped`,
  );
}

export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
