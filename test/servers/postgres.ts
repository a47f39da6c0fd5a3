import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import postgres from 'postgres';
import { StartedProcess } from './child-process.ts';
import { freePort } from './free-port.ts';

/** Where Debian's package postgresql-15 has its programs. */
const PROGRAMS = '/usr/lib/postgresql/15/bin';
const START_MS = 30_000;

export interface PostgresOptions {
  /** Whether it syncs, so that what was committed survives the machine. Tests need that where the cost of it is measured. */
  readonly fsync?: boolean;
}

/** PostgreSQL in a process of its own. */
export interface PostgresServer {
  /** Of the database `postgres`, as its superuser. */
  readonly url: string;
  readonly port: number;
  /** Makes an empty database and gives its URL. Each call makes another. */
  createDatabase(): Promise<string>;
  /** Ends it as a power cut would, and starts it again on the same port. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** Whether Debian's package postgresql is installed. */
export function postgresInstalled(): boolean {
  return existsSync(join(PROGRAMS, 'postgres')) && existsSync(join(PROGRAMS, 'initdb'));
}

/** Starts Debian's PostgreSQL on a free port of loopback; everything it writes is in a temporary directory. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  if (!postgresInstalled()) {
    throw new Error(
      `PostgreSQL is not installed: ${PROGRAMS}/postgres comes with Debian's package postgresql-15`,
    );
  }
  const directory = await mkdtemp(join(tmpdir(), 'leveret-postgres-'));
  const server = new Postgres(directory, await freePort(), options.fsync === true);
  try {
    await server.prepare();
    await server.start();
  } catch (error) {
    await server.close();
    throw error;
  }
  return server;
}

class Postgres implements PostgresServer {
  readonly url: string;
  readonly port: number;
  #directory: string;
  #syncs: boolean;
  #process: StartedProcess | undefined;
  #databases = 0;

  constructor(directory: string, port: number, syncs: boolean) {
    this.#directory = directory;
    this.port = port;
    this.#syncs = syncs;
    this.url = this.#urlOf('postgres');
  }

  async prepare(): Promise<void> {
    const { uid, gid } = await ownerOfServer();
    await chown(this.#directory, uid, gid);
    await started('initdb', [
      ...['-D', this.#directory, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8'],
      ...['--no-locale', '--no-sync', '--no-instructions'],
    ]).succeeded(START_MS);
  }

  async start(): Promise<void> {
    this.#process = started('postgres', [
      ...['-D', this.#directory, '-h', '127.0.0.1', '-p', String(this.port), '-k', this.#directory],
      ...['-c', `fsync=${this.#syncs ? 'on' : 'off'}`, '-c', 'max_connections=200'],
    ]);
    await this.#process.line(/database system is ready to accept connections/, { timeoutMs: START_MS });
  }

  async createDatabase(): Promise<string> {
    this.#databases += 1;
    const name = `database_${this.#databases}`;
    const sql = postgres(this.url, { max: 1, onnotice: () => undefined });
    try {
      await sql.unsafe(`create database ${name}`);
    } finally {
      await sql.end();
    }
    return this.#urlOf(name);
  }

  async restart(): Promise<void> {
    await this.#process?.kill();
    await this.start();
  }

  async close(): Promise<void> {
    await this.#process?.kill();
    await rm(this.#directory, { recursive: true, force: true, maxRetries: 3 });
  }

  #urlOf(database: string): string {
    return `postgres://postgres@127.0.0.1:${this.port}/${database}`;
  }
}

/** PostgreSQL refuses to run as root: then it runs as the user that Debian's package made. */
function started(program: string, args: readonly string[]): StartedProcess {
  const path = join(PROGRAMS, program);
  const environment = { LC_ALL: 'C', TZ: 'UTC' };
  if (userInfo().uid !== 0) return new StartedProcess(path, args, { environment });
  const asPostgres = ['--reuid=postgres', '--regid=postgres', '--clear-groups', path];
  return new StartedProcess('/usr/bin/setpriv', [...asPostgres, ...args], { cwd: '/', environment });
}

async function ownerOfServer(): Promise<{ uid: number; gid: number }> {
  const { uid, gid } = userInfo();
  if (uid !== 0) return { uid, gid };
  const idOf = async (flag: string): Promise<number> =>
    Number((await promisify(execFile)('id', [flag, 'postgres'])).stdout);
  return { uid: await idOf('-u'), gid: await idOf('-g') };
}
