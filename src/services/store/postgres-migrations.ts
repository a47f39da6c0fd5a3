import { systemClock } from '../clock.ts';
import { type MigrationFile, ownedByOther, readMigrationFiles, statementFailed } from './migration-files.ts';
import type { PostgresSession } from './postgres-session.ts';
import { POSTGRES_TABLES } from './postgres-tables.ts';
import { splitStatements } from './split-statements.ts';
import { refuseTransactionControl } from './sql-text.ts';

/** Names the lock of those who migrate. Nobody else uses this number. */
const MIGRATION_LOCK = 5_672_672;

export interface PostgresPlace {
  readonly service: string;
  /** As errors name the database. */
  readonly name: string;
  /** The schema that the URL asks for. */
  readonly schema: string | undefined;
}

/** Makes the tables, then runs the files that did not run yet. Whoever else does so at the same time waits for its turn. */
export async function runPostgresMigrations(
  begin: () => Promise<PostgresSession>,
  place: PostgresPlace,
  folder: string | undefined,
): Promise<void> {
  const migrations = folder === undefined ? [] : await readMigrationFiles(folder, place.service);
  await inTurn(begin, (session) => makeTables(session, place));
  for (const migration of migrations) await inTurn(begin, (session) => runOnce(session, migration));
}

async function inTurn(
  begin: () => Promise<PostgresSession>,
  work: (session: PostgresSession) => Promise<void>,
): Promise<void> {
  const session = await begin();
  try {
    await session.run((sql) => sql`select pg_advisory_xact_lock(${MIGRATION_LOCK})`);
    await work(session);
    await session.commit();
  } catch (error) {
    await session.rollback();
    throw error;
  }
}

async function makeTables(session: PostgresSession, { service, name, schema }: PostgresPlace): Promise<void> {
  if (schema !== undefined) await makeSchema(session, schema);
  for (const text of POSTGRES_TABLES) await session.run((sql) => sql.unsafe(text));
  const [row] = await session.run((sql) => sql`select service from leveret_database`);
  if (row === undefined) {
    await session.run((sql) => sql`insert into leveret_database (service) values (${service})`);
  } else if (row['service'] !== service) {
    const owner = String(row['service']);
    throw ownedByOther(
      service,
      owner,
      name,
      `give it another database, or a schema with ?search_path=${service}`,
    );
  }
}

/** Not `if not exists`, which needs the right to make schemas also where it is there. */
async function makeSchema(session: PostgresSession, schema: string): Promise<void> {
  const [row] = await session.run((sql) => sql`select 1 from pg_namespace where nspname = ${schema}`);
  if (row !== undefined) return;
  await session.run((sql) => sql.unsafe(`create schema "${schema.replaceAll('"', '""')}"`));
}

async function runOnce(session: PostgresSession, { name, text }: MigrationFile): Promise<void> {
  const [ran] = await session.run((sql) => sql`select 1 from leveret_migrations where name = ${name}`);
  if (ran !== undefined) return;
  for (const statement of splitStatements(text)) {
    try {
      refuseTransactionControl(statement.text, 'each file is a transaction already');
      await session.run((sql) => sql.unsafe(statement.text));
    } catch (error) {
      throw statementFailed(name, statement.line, statement.text, error);
    }
  }
  const ranMs = systemClock.nowMs();
  await session.run((sql) => sql`insert into leveret_migrations (name, ran_ms) values (${name}, ${ranMs})`);
}
