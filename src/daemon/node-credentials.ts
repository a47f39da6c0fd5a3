import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { hashingAlgorithmOf } from '../core/access/password-hash.ts';
import type { Credentials } from '../core/environment.ts';
import { RecencyMap } from '../core/recency-map.ts';
import { matchesSaltedHash, saltedHash } from './salted-hash.ts';
import { type ScryptParameters, ScryptWorker } from './scrypt-worker.ts';

/** OWASP's choice of 2024: 128 MiB, and a third of a second on a machine of 2024. */
const PARAMETERS: ScryptParameters = { log2N: 17, r: 8, p: 1 };
const SALT_BYTES = 16;
const KEY_BYTES = 32;
/** What a hash that came from elsewhere may cost. */
const LOG2_N_MAX = 18;
const R_MAX = 8;
const P_MAX = 4;
/** A log-in that was found to be right is for so long found in memory. */
const KNOWN_MS = 5 * 60_000;
const KNOWN_MAX = 10_000;

export interface NodeCredentialsOptions {
  /** Whether cheap hashes give way to slow ones at the next log-in: only where that is remembered. */
  readonly replacesCheapHashes: boolean;
  /** A password that everybody knows is not worth it. */
  readonly wellKnownPassword: string;
  /** What a hash costs that is made here; as below if absent. */
  readonly cost?: ScryptParameters;
  /** Monotonic milliseconds. */
  nowMs(): number;
}

/** Undefined: there is too much to do. */
type Verified = (matches: boolean | undefined) => void;

interface StoredScrypt {
  readonly parameters: ScryptParameters;
  readonly salt: Uint8Array;
  readonly key: Uint8Array;
}

/** All brokers of the process share it: two at once would be in each other's way. */
const worker = new ScryptWorker();

/** Passwords with scrypt; RabbitMQ's hashes are understood, too. */
export class NodeCredentials implements Credentials {
  readonly #options: NodeCredentialsOptions;
  readonly #cost: ScryptParameters;
  /** Of this process: what is kept of a password says nothing to whoever reads the memory later. */
  readonly #secret: string = randomBytes(32).toString('base64');
  /** Until when a password is known to match a hash, by the keyed digest of both. A user with another hash is not found. */
  readonly #known = new RecencyMap<string, number>(KNOWN_MAX);
  /** Who waits for the same password to be found to match the same hash: a program opens a hundred connections at once. */
  readonly #underway = new Map<string, Verified[]>();

  constructor(options: NodeCredentialsOptions) {
    this.#options = options;
    this.#cost = options.cost ?? PARAMETERS;
  }

  hash(password: string): string {
    return saltedHash(password);
  }

  hashSlowly(password: string, done: (passwordHash: string | undefined) => void): void {
    const salt = randomBytes(SALT_BYTES);
    const parameters = this.#cost;
    worker.run({ password, salt, keyBytes: KEY_BYTES, parameters }, (key) => {
      const passwordHash = key && scryptText({ parameters, salt, key });
      if (passwordHash !== undefined) this.#remember(password, passwordHash);
      done(passwordHash);
    });
  }

  isOutdated(passwordHash: string, password: string): boolean {
    if (!this.#options.replacesCheapHashes || password === this.#options.wellKnownPassword) return false;
    return hashingAlgorithmOf(passwordHash) !== 'leveret_password_hashing_scrypt';
  }

  verify(password: string, passwordHash: string | undefined, done: Verified): void {
    switch (passwordHash && hashingAlgorithmOf(passwordHash)) {
      case 'rabbit_password_hashing_sha256':
        this.#answerCheap(matchesSaltedHash(password, passwordHash ?? '', 'sha256'), password, done);
        return;
      case 'rabbit_password_hashing_sha512':
        this.#answerCheap(matchesSaltedHash(password, passwordHash ?? '', 'sha512'), password, done);
        return;
      case 'leveret_password_hashing_scrypt':
        this.#verifyScrypt(password, passwordHash ?? '', done);
        return;
      default:
        this.#refuseSlowly(password, done);
    }
  }

  /** A wrong password takes as long as any other: a cheap hash must not tell that there is such a user. */
  #answerCheap(matches: boolean, password: string, done: Verified): void {
    if (matches) done(true);
    else this.#refuseSlowly(password, done);
  }

  /**
   * Does what would be done for a user with a slow hash, and for nothing: also when there is much to do, or how long it takes
   * would tell who is a user just then.
   */
  #refuseSlowly(password: string, done: Verified): void {
    const salt = randomBytes(SALT_BYTES);
    const job = { password, salt, keyBytes: KEY_BYTES, parameters: this.#cost };
    worker.run(job, (key) => done(key === undefined ? undefined : false));
  }

  #verifyScrypt(password: string, passwordHash: string, done: Verified): void {
    const stored = readScrypt(passwordHash);
    if (stored === undefined) this.#refuseSlowly(password, done);
    else if (this.#isKnown(password, passwordHash)) done(true);
    else this.#verifyOnce(password, passwordHash, stored, done);
  }

  #verifyOnce(password: string, passwordHash: string, stored: StoredScrypt, done: Verified): void {
    const digest = this.#digest(password, passwordHash);
    const others = this.#underway.get(digest);
    if (others !== undefined) {
      others.push(done);
      return;
    }
    const waiting = [done];
    this.#underway.set(digest, waiting);
    const { salt, parameters, key } = stored;
    worker.run({ password, salt, keyBytes: key.length, parameters }, (made) => {
      this.#underway.delete(digest);
      const matches = made && timingSafeEqual(made, key);
      if (matches) this.#remember(password, passwordHash);
      for (const each of waiting) each(matches);
    });
  }

  #isKnown(password: string, passwordHash: string): boolean {
    const untilMs = this.#known.get(this.#digest(password, passwordHash));
    return untilMs !== undefined && this.#options.nowMs() < untilMs;
  }

  #remember(password: string, passwordHash: string): void {
    this.#known.set(this.#digest(password, passwordHash), this.#options.nowMs() + KNOWN_MS);
  }

  #digest(password: string, passwordHash: string): string {
    return hash('sha256', `${this.#secret} ${passwordHash} ${password}`, 'base64');
  }
}

function scryptText({ parameters: { log2N, r, p }, salt, key }: StoredScrypt): string {
  const [saltText, keyText] = [salt, key].map((bytes) => Buffer.from(bytes).toString('base64'));
  return `scrypt$${log2N}$${r}$${p}$${saltText}$${keyText}`;
}

/** Undefined for one that would cost too much. */
function readScrypt(passwordHash: string): StoredScrypt | undefined {
  const [, log2N, r, p, salt = '', key = ''] = passwordHash.split('$');
  const parameters = { log2N: Number(log2N), r: Number(r), p: Number(p) };
  const isAffordable =
    parameters.log2N >= 1 &&
    parameters.log2N <= LOG2_N_MAX &&
    parameters.r >= 1 &&
    parameters.r <= R_MAX &&
    parameters.p >= 1 &&
    parameters.p <= P_MAX;
  if (!isAffordable) return undefined;
  return { parameters, salt: Buffer.from(salt, 'base64'), key: Buffer.from(key, 'base64') };
}
