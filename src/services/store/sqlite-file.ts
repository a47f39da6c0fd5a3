import { mkdir, realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { whenFree } from './sqlite-busy.ts';
import { IN_MEMORY, loadSqlite, type OpenSqlite, type SqliteConnection } from './sqlite-driver.ts';
import { SqliteStatements } from './sqlite-statements.ts';
import { SqliteWriter } from './sqlite-writer.ts';
import { asError, StoreError } from './store-error.ts';

/** The files that are open in this process: all who use one share its connections, because two that write would get in each other's way. */
const openFiles = new Map<string, SqliteFile>();

/** The connections of this process to a file of SQLite. */
export class SqliteFile {
  readonly path: string;
  readonly writer: SqliteWriter;
  /** Of the connection that writes: only for whoever has the writer's turn. */
  readonly statements: SqliteStatements;
  readonly connection: SqliteConnection;
  /** Sees what is committed, and cannot write. The one that writes, for a database in memory, which no other can see. */
  readonly reader: SqliteConnection;
  readonly readStatements: SqliteStatements;
  /** Await it before anything else. */
  readonly ready: Promise<void>;
  #users = 0;

  constructor(path: string, open: OpenSqlite) {
    this.path = path;
    this.connection = open(this.isInMemory ? IN_MEMORY : path);
    this.writer = new SqliteWriter(this.connection, path);
    this.statements = new SqliteStatements(this.connection);
    this.reader = this.isInMemory ? this.connection : open(path);
    this.readStatements = new SqliteStatements(this.reader);
    this.ready = this.#prepare();
  }

  get isInMemory(): boolean {
    return this.path.startsWith(IN_MEMORY);
  }

  async enter(): Promise<this> {
    this.#users += 1;
    try {
      await this.ready;
    } catch (error) {
      await this.leave();
      // Another process writes into it for long: that is not the file's fault.
      throw error instanceof StoreError ? error : cannotOpen(this.path, error);
    }
    return this;
  }

  /** Whoever is the last one closes it. */
  async leave(): Promise<void> {
    this.#users -= 1;
    if (this.#users > 0) return;
    openFiles.delete(this.path);
    await this.writer.idle();
    if (!this.isInMemory) this.reader.close();
    this.connection.close();
  }

  async #prepare(): Promise<void> {
    this.connection.exec('pragma foreign_keys = on');
    if (this.isInMemory) return;
    await whenFree(this.path, () => this.connection.exec('pragma journal_mode = wal'));
    this.connection.exec('pragma synchronous = full');
    this.reader.exec('pragma query_only = on');
  }
}

export async function enterSqliteFile(url: string, service: string): Promise<SqliteFile> {
  const open = await loadSqlite(service);
  const path = await pathOf(url).catch((error: unknown) => {
    throw cannotOpen(url, error);
  });
  if (path === IN_MEMORY) return new SqliteFile(path, open).enter();
  let file = openFiles.get(path);
  if (file === undefined) {
    file = opened(path, open);
    openFiles.set(path, file);
  }
  return file.enter();
}

function opened(path: string, open: OpenSqlite): SqliteFile {
  try {
    return new SqliteFile(path, open);
  } catch (error) {
    throw cannotOpen(path, error);
  }
}

function cannotOpen(path: string, cause: unknown): StoreError {
  return new StoreError(
    'DATABASE_URL_INVALID',
    `${path} cannot be opened as a database of SQLite: ${asError(cause).message}; give the service a file that it may write, as 'file:./orders.db'`,
    { cause },
  );
}

/** The same for all names of a file. */
async function pathOf(url: string): Promise<string> {
  const name = url.startsWith('file://') ? fileURLToPath(url) : url.slice('file:'.length);
  if (name.startsWith(IN_MEMORY)) return name;
  const path = resolve(name);
  await mkdir(dirname(path), { recursive: true });
  return join(await realpath(dirname(path)), basename(path));
}
