import { openPostgresStore } from './postgres-store.ts';
import { openSqliteStore } from './sqlite-store.ts';
import type { Store } from './store.ts';
import { StoreError } from './store-error.ts';

export interface OpenStoreOptions {
  /** The service that the database belongs to: nobody else may use it. */
  readonly name: string;
}

/**
 * Opens the database of a service. Call `migrate` before anything else.
 *
 * - `file:./orders.db`, `file:///var/lib/orders.db`: SQLite. The folder is made when it is not there.
 * - `file::memory:`: SQLite in memory, for tests. Each call opens another one; with a name, as `file::memory:orders`, all of this process that
 *   are open at the same time share one.
 * - `postgres://user:password@host:5432/orders`, also `postgresql://`; with `?search_path=orders` in a schema of its own.
 *
 * Rejects with `StoreError`: `DATABASE_URL_INVALID`, or `DATABASE_DRIVER_MISSING`.
 *
 * @example
 * const store = await openStore('file:./data/orders.db', { name: 'orders' });
 * await store.migrate('./migrations');
 */
export function openStore(url: string, options: OpenStoreOptions): Promise<Store> {
  if (url.startsWith('file:')) return openSqliteStore(url, options.name);
  if (/^postgres(ql)?:\/\//.test(url)) return openPostgresStore(url, options.name);
  const found = /^[a-z][a-z0-9+.-]*:/i.exec(url)?.[0];
  return Promise.reject(
    new StoreError(
      'DATABASE_URL_INVALID',
      `the database URL of service '${options.name}' begins with ${found === undefined ? 'no scheme' : `'${found}'`}; ` +
        "give it 'file:./orders.db' for SQLite, or 'postgres://user:password@host:5432/orders' for PostgreSQL",
    ),
  );
}
