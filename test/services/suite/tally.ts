import { fileURLToPath } from 'node:url';
import type { Database } from '../../../src/services/services.ts';

/** Makes the table of entries. */
export const MIGRATIONS: string = fileURLToPath(new URL('./migrations/', import.meta.url));

export interface Entry {
  readonly id: string;
  readonly count: number;
}

export async function add(database: Database, { id, count }: Entry): Promise<void> {
  await database.run`insert into entries (id, count) values (${id}, ${count})`;
}

/** All entries, in the order of their ids. */
export async function entries(database: Database): Promise<Entry[]> {
  const rows = await database.all<Entry>`select id, count from entries order by id, count`;
  return rows.map(({ id, count }) => ({ id, count }));
}

export async function entryCount(database: Database): Promise<number> {
  return (await entries(database)).length;
}
