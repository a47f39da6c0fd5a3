import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { shortened } from './sql-text.ts';
import { asError, StoreError } from './store-error.ts';

export interface MigrationFile {
  /** Without its folder: what is noted when it ran. */
  readonly name: string;
  readonly text: string;
}

/** The `*.sql` files of a folder, in the order of their names. */
export async function readMigrationFiles(folder: string, service: string): Promise<MigrationFile[]> {
  try {
    const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
    return await Promise.all(
      names.map(async (name) => ({ name, text: await readFile(join(folder, name), 'utf8') })),
    );
  } catch (error) {
    throw new StoreError(
      'MIGRATION_FAILED',
      `the migrations of service '${service}' cannot be read: ${asError(error).message}; make the folder, or mend 'migrations' of its database`,
      { cause: error },
    );
  }
}

export function statementFailed(file: string, line: number, statement: string, cause: unknown): StoreError {
  return new StoreError(
    'MIGRATION_FAILED',
    `migration ${file} failed in line ${line}, at '${shortened(statement)}': ${asError(cause).message}; ` +
      'nothing of this file was done. Mend it and start again',
    { cause },
  );
}

export function ownedByOther(service: string, owner: string, place: string, instead: string): StoreError {
  return new StoreError(
    'DATABASE_OWNED',
    `${place} belongs to service '${owner}', and service '${service}' was to use it; ` +
      `a service has a database of its own: ${instead}`,
  );
}
