import { readFileSync, statSync } from 'node:fs';
import { createLocalJWKSet, createRemoteJWKSet, type JWTVerifyGetKey } from 'jose';
import type { BrokerEvent } from '../core/environment.ts';
import { OptionError } from './option-error.ts';

/** How often the file is looked at, at most. */
const LOOK_MS = 10_000;
/** A server of keys that does not answer must not hold up log-ins for long. */
const FETCH_TIMEOUT_MS = 5_000;

/**
 * The keys of `source`: a URL, or the path of a file that is read anew when it changes.
 *
 * @throws OptionError for a file that cannot be used.
 */
export function tokenKeys(source: string, onEvent: (event: BrokerEvent) => void): JWTVerifyGetKey {
  if (URL.canParse(source)) return createRemoteJWKSet(new URL(source), { timeoutDuration: FETCH_TIMEOUT_MS });
  const file = new KeyFile(source, onEvent);
  return (header, token) => file.keys(header, token);
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
    this.#stamp = stampOf(path);
    this.#keys = readKeys(path);
  }

  /** As they are now, or were ten seconds ago. */
  get keys(): JWTVerifyGetKey {
    const nowMs = performance.now();
    if (nowMs - this.#lookedMs < LOOK_MS) return this.#keys;
    this.#lookedMs = nowMs;
    const stamp = stampOf(this.#path);
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

function stampOf(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? '-' : `${stat.ino}:${stat.size}:${stat.mtimeMs}`;
}
