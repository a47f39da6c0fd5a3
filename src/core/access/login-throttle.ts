/**
 * Slows down whoever guesses passwords, and nobody else. Three counters of failures, each with attempts that are free and
 * then a wait that doubles with each failure:
 *
 *     a user from an address   who tries one password after the other
 *     an address               who tries one user after the other
 *     a user                   who tries one user from many addresses
 *
 * The last two do not hold for a user at an address from which it has logged in: so neither a flood of wrong passwords for
 * a user, nor a neighbour behind the same proxy, locks it out of where it works. A refusal is no failure: who asks again too
 * soon does not wait longer for it. Behind the free attempts the wait begins with an attempt, and not with its end: so of many
 * at once one is made. The tables are bounded; a stranger who fills them makes the oldest be forgotten.
 *
 * Only passwords can be guessed. Tokens and certificates are not counted here, and neither trust their holder's address.
 */
import { RecencyMap } from '../recency-map.ts';

const PAIR_FREE = 10;
const ADDRESS_FREE = 50;
const USER_FREE = 100;
const WAIT_MS_MIN = 1_000;
const WAIT_MS_MAX = 30_000;
/** Failures are forgotten when none was added for this long. */
const FAILURES_AGE_MS_MAX = 15 * 60_000;
/** How long a user is trusted at an address. */
const TRUST_MS = 24 * 3_600_000;
/** About 300 bytes each. */
const ENTRIES_MAX = 10_000;
/** Of names that strangers give; longer ones are counted together. */
const NAME_CHARACTERS_MAX = 255;

interface Failures {
  count: number;
  lastMs: number;
}

export class LoginThrottle {
  readonly #pairs = new RecencyMap<string, Failures>(ENTRIES_MAX);
  readonly #addresses = new RecencyMap<string, Failures>(ENTRIES_MAX);
  readonly #users = new RecencyMap<string, Failures>(ENTRIES_MAX);
  /** When a user last logged in from an address. */
  readonly #trusted = new RecencyMap<string, number>(ENTRIES_MAX);

  /** How long an attempt has to wait; 0: it may be made. */
  waitMs(username: string, address: string, nowMs: number): number {
    const pair = pairKey(username, address);
    const ofPair = waitOf(this.#pairs.get(pair), PAIR_FREE, nowMs);
    if (nowMs - (this.#trusted.get(pair) ?? Number.NEGATIVE_INFINITY) < TRUST_MS) return ofPair;
    const ofAddress = waitOf(this.#addresses.get(networkOf(address)), ADDRESS_FREE, nowMs);
    const ofUser = waitOf(this.#users.get(shortName(username)), USER_FREE, nowMs);
    return Math.max(ofPair, ofAddress, ofUser);
  }

  /** An attempt is being made, after `waitMs` said that it may. */
  begun(username: string, address: string, nowMs: number): void {
    beginWait(this.#pairs.get(pairKey(username, address)), PAIR_FREE, nowMs);
    beginWait(this.#addresses.get(networkOf(address)), ADDRESS_FREE, nowMs);
    beginWait(this.#users.get(shortName(username)), USER_FREE, nowMs);
  }

  failed(username: string, address: string, nowMs: number): void {
    addFailure(this.#pairs, pairKey(username, address), nowMs);
    addFailure(this.#addresses, networkOf(address), nowMs);
    addFailure(this.#users, shortName(username), nowMs);
  }

  succeeded(username: string, address: string, nowMs: number): void {
    const pair = pairKey(username, address);
    this.#pairs.delete(pair);
    this.#trusted.set(pair, nowMs);
  }
}

function waitOf(failures: Failures | undefined, free: number, nowMs: number): number {
  if (failures === undefined || failures.count < free) return 0;
  const waitMs = Math.min(WAIT_MS_MAX, WAIT_MS_MIN * 2 ** (failures.count - free));
  return Math.max(0, failures.lastMs + waitMs - nowMs);
}

function beginWait(failures: Failures | undefined, free: number, nowMs: number): void {
  if (failures !== undefined && failures.count >= free) failures.lastMs = nowMs;
}

function addFailure(table: RecencyMap<string, Failures>, key: string, nowMs: number): void {
  const known = table.get(key);
  if (known === undefined || nowMs - known.lastMs > FAILURES_AGE_MS_MAX) {
    table.set(key, { count: 1, lastMs: nowMs });
  } else {
    known.count++;
    known.lastMs = nowMs;
  }
}

function pairKey(username: string, address: string): string {
  return `${networkOf(address)} ${shortName(username)}`;
}

function shortName(username: string): string {
  return username.slice(0, NAME_CHARACTERS_MAX);
}

/** An IPv4 address, or the /64 of an IPv6 one: a single host has all addresses of it. */
export function networkOf(address: string): string {
  if (!address.includes(':') || address.includes('.')) return address;
  const [head = '', tail] = address.split('::');
  const before = head === '' ? [] : head.split(':');
  if (tail === undefined) return before.slice(0, 4).join(':');
  const after = tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => '0');
  return [...before, ...zeros, ...after].slice(0, 4).join(':');
}
