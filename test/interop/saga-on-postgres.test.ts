import { afterAll, beforeAll } from 'vitest';
import { type PostgresServer, startPostgres } from '../servers/postgres.ts';
import { describeSagas } from '../services/saga/saga-suite.ts';

let server: PostgresServer;

beforeAll(async () => {
  server = await startPostgres();
});

afterAll(() => server.close());

describeSagas('PostgreSQL', { runCount: 10, createDatabase: () => server.createDatabase() });
