import { hash, randomBytes } from 'node:crypto';
import type { Identity } from '../core/access/identity.ts';
import type { Broker } from '../core/broker.ts';
import type { Peer } from '../core/environment.ts';
import { RecencyMap } from '../core/recency-map.ts';

/** A header that was found to be right is for so long found in memory. */
const KNOWN_MS = 5 * 60_000;
const KNOWN_MAX = 10_000;

interface Known {
  readonly identity: Identity;
  /** Of the user; undefined when it came with a token. With another one it has to prove itself again. */
  readonly userVersion: number | undefined;
  /** The user may log in from this machine only, for all that is known. */
  readonly loopback: boolean;
  /** Monotonic. */
  readonly untilMs: number;
}

/**
 * Authorization headers that were right a short while ago: a client sends its own with each request, and to look at its
 * password each time would cost more than the request. What is kept of a header is a digest with a secret of this process.
 */
export class KnownCredentials {
  readonly #broker: Broker;
  readonly #secret: string = randomBytes(32).toString('base64');
  readonly #known = new RecencyMap<string, Known>(KNOWN_MAX);

  constructor(broker: Broker) {
    this.#broker = broker;
  }

  /** Runs per request. */
  find(header: string, peer: Peer): Identity | undefined {
    const key = this.#digest(header);
    const known = this.#known.get(key);
    if (known === undefined) return undefined;
    if (this.#holds(known, peer)) return known.identity;
    this.#known.delete(key);
    return undefined;
  }

  remember(header: string, peer: Peer, identity: Identity): void {
    const userVersion = identity.expiresAtMs === undefined ? this.#versionOf(identity.username) : undefined;
    const untilMs = this.#broker.runtime.environment.clock.nowMs() + KNOWN_MS;
    this.#known.set(this.#digest(header), { identity, userVersion, loopback: peer.loopback, untilMs });
  }

  #holds({ identity, userVersion, loopback, untilMs }: Known, peer: Peer): boolean {
    const { clock } = this.#broker.runtime.environment;
    if (loopback !== peer.loopback || clock.nowMs() >= untilMs) return false;
    if (identity.expiresAtMs !== undefined) return clock.wallMs() < identity.expiresAtMs;
    return this.#versionOf(identity.username) === userVersion;
  }

  #versionOf(username: string): number | undefined {
    return this.#broker.access.users.get(username)?.version;
  }

  #digest(header: string): string {
    return hash('sha256', this.#secret + header, 'base64');
  }
}
