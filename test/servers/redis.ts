import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StartedProcess } from './child-process.ts';
import { freePort } from './free-port.ts';

const PROGRAM = '/usr/bin/redis-server';

export interface RedisOptions {
  /** What it writes to the disk, and syncs once a second. Nothing unless given. */
  readonly appendOnly?: boolean;
}

/** Redis in a process of its own. */
export interface RedisServer {
  /** `redis://127.0.0.1:PORT` */
  readonly url: string;
  readonly port: number;
  /** Changes with a restart. */
  readonly pid: number;
  /** Ends it, and starts it again on the same port: empty, unless it appends to a file. */
  restart(): Promise<void>;
  /** Ends it; `restart` starts it again. */
  stop(): Promise<void>;
  close(): Promise<void>;
}

/** Whether Debian's package redis-server is installed. */
export function redisInstalled(): boolean {
  return existsSync(PROGRAM);
}

/** Starts Debian's Redis on a free port of loopback; everything it writes is in a temporary directory. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  if (!redisInstalled()) {
    throw new Error(`Redis is not installed: ${PROGRAM} comes with Debian's package redis-server`);
  }
  const directory = await mkdtemp(join(tmpdir(), 'leveret-redis-'));
  const server = new Redis(directory, await freePort(), options.appendOnly === true);
  try {
    await server.restart();
  } catch (error) {
    await server.close();
    throw error;
  }
  return server;
}

class Redis implements RedisServer {
  readonly url: string;
  readonly port: number;
  #directory: string;
  #appends: boolean;
  #process: StartedProcess | undefined;

  constructor(directory: string, port: number, appends: boolean) {
    this.#directory = directory;
    this.port = port;
    this.#appends = appends;
    this.url = `redis://127.0.0.1:${port}`;
  }

  get pid(): number {
    return this.#process?.pid ?? -1;
  }

  async restart(): Promise<void> {
    await this.stop();
    this.#process = new StartedProcess(PROGRAM, [
      ...['--bind', '127.0.0.1', '--port', String(this.port), '--dir', this.#directory, '--save', ''],
      ...['--appendonly', this.#appends ? 'yes' : 'no', '--appendfsync', 'everysec'],
    ]);
    await this.#process.line(/Ready to accept connections/);
  }

  async stop(): Promise<void> {
    await this.#process?.stop();
    this.#process = undefined;
  }

  async close(): Promise<void> {
    await this.stop();
    await rm(this.#directory, { recursive: true, force: true, maxRetries: 3 });
  }
}
