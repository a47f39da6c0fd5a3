import { startPostgres } from '../../servers/postgres.ts';
import type { StoreFooting } from './store-footing.ts';

/** Debian's PostgreSQL, in a process of its own. */
export async function postgresFooting(): Promise<StoreFooting> {
  const server = await startPostgres();
  return {
    kind: 'postgres',
    isShared: true,
    newUrl: () => server.createDatabase(),
    close: () => server.close(),
  };
}
