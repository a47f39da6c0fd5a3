import { systemClock } from '../clock.ts';
import { type MigrationFile, ownedByOther, readMigrationFiles, statementFailed } from './migration-files.ts';
import { splitStatements } from './split-statements.ts';
import { refuseTransactionControl } from './sql-text.ts';
import type { SqliteFile } from './sqlite-file.ts';
import { SQLITE_TABLES } from './sqlite-tables.ts';

/** Makes the tables, then runs the files that did not run yet. Whoever else does so at the same time waits for its turn. */
export async function runSqliteMigrations(
  file: SqliteFile,
  service: string,
  folder: string | undefined,
): Promise<void> {
  const migrations = folder === undefined ? [] : await readMigrationFiles(folder, service);
  await inTurn(file, () => makeTables(file, service));
  for (const migration of migrations) await inTurn(file, () => runOnce(file, migration));
}

async function inTurn(file: SqliteFile, work: () => void): Promise<void> {
  await file.writer.begin();
  try {
    work();
  } catch (error) {
    file.writer.undo();
    throw error;
  }
  await file.writer.release();
}

function makeTables(file: SqliteFile, service: string): void {
  for (const text of SQLITE_TABLES) file.connection.exec(text);
  const owner = file.connection.prepare('select service from leveret_database').get([])?.[0];
  if (owner === undefined) {
    file.connection.prepare('insert into leveret_database (service) values (?)').run([service]);
  } else if (owner !== service) {
    throw ownedByOther(service, String(owner), file.path, 'give it another file');
  }
}

function runOnce(file: SqliteFile, { name, text }: MigrationFile): void {
  const ran = file.connection.prepare('select 1 from leveret_migrations where name = ?').get([name]);
  if (ran !== undefined) return;
  for (const statement of splitStatements(text)) {
    try {
      refuseTransactionControl(statement.text, 'each file is a transaction already');
      file.connection.exec(statement.text);
    } catch (error) {
      throw statementFailed(name, statement.line, statement.text, error);
    }
  }
  file.connection
    .prepare('insert into leveret_migrations (name, ran_ms) values (?, ?)')
    .run([name, systemClock.nowMs()]);
}
