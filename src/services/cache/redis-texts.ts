import type { Clock } from '../clock.ts';
import type { CacheHost, TextStore } from './text-store.ts';

/** The part of the package `redis` that is used here; the package is the user's. */
interface RedisModule {
  createClient(options: {
    readonly url: string;
    readonly name: string;
    /** Commands are refused, and do not wait, while there is no connection. */
    readonly disableOfflineQueue: true;
    readonly socket: {
      readonly connectTimeout: number;
      readonly reconnectStrategy: (retries: number) => number;
    };
  }): RedisClient;
}

interface RedisClient {
  readonly isReady: boolean;
  readonly isOpen: boolean;
  connect(): Promise<unknown>;
  get(key: string): Promise<string | null>;
  set(key: string, text: string, options?: { readonly PX: number }): Promise<unknown>;
  del(key: string): Promise<unknown>;
  close(): Promise<unknown>;
  destroy(): void;
  on(event: 'ready', listener: () => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

/** In a variable, so that the compiler does not look for a package that need not be there. */
const REDIS_PACKAGE: string = 'redis';
const CONNECT_MS = 5_000;
/** What an answer may take. A cache that is slower than this is none. */
const ANSWER_MS = 1_000;
/** After an answer that did not come, nothing is asked for so long: else each message would wait for it. */
const SPARED_MS = 2_000;
const RECONNECT_MS_MIN = 50;
const RECONNECT_MS_MAX = 2_000;

/** Opens the texts of a service in Redis, under keys that begin with `leveret:<service>:`. Resolves also when Redis is away: then all is a miss until it is there. */
export async function openRedisTexts(service: string, url: string, host: CacheHost): Promise<TextStore> {
  const texts = new RedisTexts(service, url, await redisModule(service), host);
  await texts.connect();
  return texts;
}

async function redisModule(service: string): Promise<RedisModule> {
  try {
    return (await import(REDIS_PACKAGE)) as RedisModule;
  } catch (error) {
    throw new Error(
      `the cache of service '${service}' is in Redis, which needs the package ${REDIS_PACKAGE}, and that cannot be loaded (${String(error)}): npm install ${REDIS_PACKAGE}`,
      { cause: error },
    );
  }
}

class RedisTexts implements TextStore {
  readonly #prefix: string;
  readonly #name: string;
  readonly #host: CacheHost;
  readonly #client: RedisClient;
  #isAway = false;
  #isClosing = false;
  #sparedUntilMs = 0;
  #onFirst: (() => void) | undefined;

  constructor(service: string, url: string, redis: RedisModule, host: CacheHost) {
    this.#prefix = `leveret:${service}:`;
    this.#name = `cache of service '${service}', Redis at ${new URL(url).host}`;
    this.#host = host;
    this.#client = redis.createClient({
      url,
      name: `leveret:${service}`,
      disableOfflineQueue: true,
      socket: { connectTimeout: CONNECT_MS, reconnectStrategy: reconnectMs },
    });
    this.#client.on('ready', () => this.#onReady());
    this.#client.on('error', (error) => this.#onFailed(error));
  }

  /** Resolves when it is connected, or the first attempt failed; it is tried again and again. */
  async connect(): Promise<void> {
    const first = new Promise<void>((resolve) => {
      this.#onFirst = resolve;
    });
    this.#client.connect().catch((error: Error) => this.#onFailed(error));
    await first;
  }

  async get(key: string): Promise<string | undefined> {
    const text = await this.#ask(() => this.#client.get(this.#prefix + key));
    return text ?? undefined;
  }

  async set(key: string, text: string, ttlMs: number | undefined): Promise<void> {
    const options = ttlMs === undefined ? undefined : { PX: ttlMs };
    await this.#ask(() => this.#client.set(this.#prefix + key, text, options));
  }

  async delete(key: string): Promise<void> {
    await this.#ask(() => this.#client.del(this.#prefix + key));
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    const { clock } = this.#host;
    // What does not end well is ended below.
    if (this.#client.isReady) await within(clock, ANSWER_MS, this.#client.close()).catch(() => undefined);
    if (this.#client.isOpen) this.#client.destroy();
  }

  /** Undefined when there is no answer. */
  async #ask<T>(command: () => Promise<T>): Promise<T | undefined> {
    const { clock } = this.#host;
    if (!this.#client.isReady || clock.nowMs() < this.#sparedUntilMs) return undefined;
    try {
      const answer = await within(clock, ANSWER_MS, command());
      this.#isAway = false;
      return answer;
    } catch (error) {
      this.#sparedUntilMs = error instanceof NoAnswer ? clock.nowMs() + SPARED_MS : 0;
      this.#onFailed(error as Error);
      return undefined;
    }
  }

  #onReady(): void {
    this.#isAway = false;
    this.#onFirst?.();
  }

  #onFailed(error: Error): void {
    this.#onFirst?.();
    if (this.#isAway || this.#isClosing) return;
    this.#isAway = true;
    this.#host.onTrouble(
      `${this.#name} gives no answer (${textOf(error)}): until it does, nothing is found there and nothing kept; check that it runs, and the URL of the cache`,
      error,
    );
  }
}

class NoAnswer extends Error {
  constructor() {
    super(`no answer within ${ANSWER_MS} ms`);
    this.name = 'NoAnswer';
  }
}

function within<T>(clock: Clock, limitMs: number, answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimer(limitMs, () => reject(new NoAnswer()));
    void answer.then(resolve, reject).finally(() => timer.cancel());
  });
}

function reconnectMs(retries: number): number {
  const longest = Math.min(RECONNECT_MS_MIN * 2 ** Math.min(retries, 10), RECONNECT_MS_MAX);
  return Math.ceil(longest * (0.5 + Math.random() / 2));
}

/** An error of several addresses has its texts inside. */
function textOf(error: Error): string {
  if (error instanceof AggregateError) return error.errors.map((each) => textOf(each as Error)).join('; ');
  return error.message;
}
