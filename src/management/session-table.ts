import { hash, randomBytes } from 'node:crypto';
import type { Identity } from '../core/access/identity.ts';
import type { Broker } from '../core/broker.ts';
import type { Peer } from '../core/environment.ts';
import { RecencyMap } from '../core/recency-map.ts';

/** A browser that is not used for this long is logged out, and any after the second. */
const IDLE_MS = 30 * 60_000;
const AGE_MS_MAX = 12 * 3_600_000;
/** About 300 bytes each. The one that was not used the longest gives way. */
const SESSIONS_MAX = 10_000;
/** Of one user: who logs in over and over throws nobody else out. */
const SESSIONS_PER_USER_MAX = 100;
const TOKEN_BYTES = 32;

export interface BrowserSession {
  readonly identity: Identity;
  /** Milliseconds since 1970, at which it ends in any case. */
  readonly endsAtMs: number;
}

interface Entry extends BrowserSession {
  /** Of the user; undefined when it came with a token. Another one ends the session. */
  readonly userVersion: number | undefined;
  /** The user may log in from this machine only, for all that is known. */
  readonly loopback: boolean;
  usedAtMs: number;
}

/**
 * Who is logged in with a browser. The browser has a random secret in a cookie; here is only the digest of it, so that whoever
 * sees this memory cannot use it. Sessions end with the process.
 */
export class SessionTable {
  readonly #broker: Broker;
  readonly #entries = new RecencyMap<string, Entry>(SESSIONS_MAX);

  constructor(broker: Broker) {
    this.#broker = broker;
  }

  /** Returns the secret for the cookie. The one of the user that was not used the longest may end for it. */
  open(identity: Identity, peer: Peer): string {
    const nowMs = this.#wallMs;
    const secret = randomBytes(TOKEN_BYTES).toString('base64url');
    const { expiresAtMs = Number.POSITIVE_INFINITY } = identity;
    const userVersion = identity.expiresAtMs === undefined ? this.#versionOf(identity.username) : undefined;
    const endsAtMs = Math.min(nowMs + AGE_MS_MAX, expiresAtMs);
    this.#makeRoom(identity.username);
    const entry = { identity, endsAtMs, userVersion, loopback: peer.loopback, usedAtMs: nowMs };
    this.#entries.set(digestOf(secret), entry);
    return secret;
  }

  /** Undefined when it has ended, or never was. */
  find(secret: string, peer: Peer): BrowserSession | undefined {
    const key = digestOf(secret);
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.loopback !== peer.loopback) return undefined;
    if (!this.#isAlive(entry)) {
      this.#entries.delete(key);
      return undefined;
    }
    entry.usedAtMs = this.#wallMs;
    return entry;
  }

  /** Returns false when there is none. */
  close(secret: string): boolean {
    return this.#entries.delete(digestOf(secret));
  }

  /** The map has the least recent one first. */
  #makeRoom(username: string): void {
    const own = [...this.#entries.entries()].filter(([, { identity }]) => identity.username === username);
    const surplus = own.slice(0, Math.max(0, own.length - SESSIONS_PER_USER_MAX + 1));
    for (const [key] of surplus) this.#entries.delete(key);
  }

  #isAlive({ identity, endsAtMs, userVersion, usedAtMs }: Entry): boolean {
    const nowMs = this.#wallMs;
    if (nowMs >= endsAtMs || nowMs - usedAtMs >= IDLE_MS) return false;
    return userVersion === undefined || this.#versionOf(identity.username) === userVersion;
  }

  #versionOf(username: string): number | undefined {
    return this.#broker.access.users.get(username)?.version;
  }

  get #wallMs(): number {
    return this.#broker.runtime.environment.clock.wallMs();
  }
}

function digestOf(secret: string): string {
  return hash('sha256', secret, 'base64');
}
