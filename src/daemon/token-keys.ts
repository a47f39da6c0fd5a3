import { readFileSync } from 'node:fs';
import { createLocalJWKSet, createRemoteJWKSet, errors, type JWTVerifyGetKey } from 'jose';
import type { BrokerEvent } from '../core/environment.ts';
import { fileStamp } from './file-stamp.ts';
import { OptionError } from './option-error.ts';

/** How often the file is looked at, at most. */
const LOOK_MS = 10_000;
/** A server of keys that does not answer must not hold up log-ins for long. */
const FETCH_TIMEOUT_MS = 5_000;
/** One that has failed is left in peace for so long, whatever tokens come. */
const FETCH_RETRY_MS = 5_000;

/**
 * The keys of `source`: a URL, or the path of a file that is read anew when it changes.
 *
 * @throws OptionError for a file that cannot be used.
 */
export function tokenKeys(source: string, onEvent: (event: BrokerEvent) => void): JWTVerifyGetKey {
  if (URL.canParse(source)) {
    const server = new KeyServer(new URL(source));
    return (header, token) => server.keyFor(header, token);
  }
  const file = new KeyFile(source, onEvent);
  return (header, token) => file.keys(header, token);
}

type KeyArguments = Parameters<JWTVerifyGetKey>;
type Key = ReturnType<JWTVerifyGetKey>;

/**
 * Keys that are fetched when they are ten minutes old, and when a token names one that is not there, but for that at most every
 * 30 s. While the server does not answer, the last ones stay good: nobody is locked out because of it.
 */
class KeyServer {
  readonly #remote: ReturnType<typeof createRemoteJWKSet>;
  /** Why the last fetch failed; undefined when it did not. */
  #failure: unknown;
  #failedMs = Number.NEGATIVE_INFINITY;

  constructor(url: URL) {
    this.#remote = createRemoteJWKSet(url, { timeoutDuration: FETCH_TIMEOUT_MS });
  }

  async keyFor(...args: KeyArguments): Promise<Awaited<Key>> {
    if (performance.now() - this.#failedMs < FETCH_RETRY_MS) return this.#lastKeys(args);
    try {
      return await this.#remote(...args);
    } catch (error) {
      if (isAboutToken(error)) throw error;
      this.#failure = error;
      this.#failedMs = performance.now();
      return this.#lastKeys(args);
    }
  }

  #lastKeys([header, token]: KeyArguments): Key {
    const keys = this.#remote.jwks();
    if (keys === undefined) throw this.#failure;
    return createLocalJWKSet(keys)(header, token);
  }
}

/** The keys could be had, and none of them is the one. */
function isAboutToken(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported
  );
}

class KeyFile {
  readonly #path: string;
  readonly #onEvent: (event: BrokerEvent) => void;
  #keys: JWTVerifyGetKey;
  #stamp: string;
  #lookedMs: number = performance.now();

  constructor(path: string, onEvent: (event: BrokerEvent) => void) {
    this.#path = path;
    this.#onEvent = onEvent;
    this.#stamp = fileStamp(path);
    this.#keys = readKeys(path);
  }

  /** As they are now, or were ten seconds ago. */
  get keys(): JWTVerifyGetKey {
    const nowMs = performance.now();
    if (nowMs - this.#lookedMs < LOOK_MS) return this.#keys;
    this.#lookedMs = nowMs;
    const stamp = fileStamp(this.#path);
    if (stamp !== this.#stamp) this.#readAgain(stamp);
    return this.#keys;
  }

  #readAgain(stamp: string): void {
    this.#stamp = stamp;
    try {
      this.#keys = readKeys(this.#path);
    } catch (error) {
      const text = `the old keys of tokens stay in use: ${(error as Error).message}`;
      this.#onEvent({ level: 'warn', text });
    }
  }
}

function readKeys(path: string): JWTVerifyGetKey {
  try {
    return createLocalJWKSet(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    const { message } = error as Error;
    throw new OptionError(`option oauthJwks: ${path} is no JSON Web Key Set that can be read: ${message}`);
  }
}
