import type { Environment, Peer, TokenVerifier, VerifiedToken } from '../environment.ts';
import type { Runtime } from '../runtime.ts';
import type { AccessControl, User } from './access-control.ts';
import type { Identity } from './identity.ts';
import { LoginAttempts, type LoginProtocol } from './login-attempts.ts';
import { LoginThrottle } from './login-throttle.ts';
import { TokenIdentity } from './token-identity.ts';

/** What somebody says to prove who it is, over any protocol. */
export interface LoginAttempt {
  readonly protocol: LoginProtocol;
  /** Of no meaning with a token, which names its user itself. */
  readonly username: string;
  /** Or a token. Undefined: the transport has proven it (a TLS client certificate). */
  readonly password: string | undefined;
  readonly peer: Peer;
}

/** `refused`: why, for the log; a client is not told. */
export type LoginResult =
  | { readonly identity: Identity }
  | { readonly refused: string /** When to try again, if that is why. */; readonly retryAfterMs?: number };

/** There is too much to do to find out who it is. */
const BUSY_MS = 1_000;
const WRONG = 'wrong user name or password';

/** Decides who may come in. */
export class Logins {
  readonly attempts: LoginAttempts = new LoginAttempts();
  readonly #access: AccessControl;
  readonly #runtime: Runtime;
  readonly #environment: Environment;
  readonly #loopbackUsers: readonly string[];
  readonly #throttle = new LoginThrottle();
  /** Hashes that are about to be replaced: a program with a hundred connections needs it once. */
  readonly #outdated = new Set<string>();

  constructor(access: AccessControl, runtime: Runtime, loopbackUsers: readonly string[]) {
    this.#access = access;
    this.#runtime = runtime;
    this.#environment = runtime.environment;
    this.#loopbackUsers = loopbackUsers;
  }

  /** Calls `done` exactly once, maybe before it returns. */
  logIn(attempt: LoginAttempt, done: (result: LoginResult) => void): void {
    const { password } = attempt;
    const { tokens } = this.#environment;
    const checked = (result: LoginResult): void => {
      this.#count(attempt, result);
      done(result);
    };
    if (password === undefined) this.#checkCertificate(attempt, checked);
    else if (tokens?.isToken(password)) this.#checkToken(tokens, password, checked);
    else this.#checkGuess(attempt, password, done);
  }

  /**
   * The holder of `identity` brings a new password or token (amqp connection.update-secret). Calls `done` exactly once, maybe
   * before it returns: with why it is refused, or undefined.
   */
  renew(identity: Identity, secret: string, done: (refused: string | undefined) => void): void {
    const { tokens } = this.#environment;
    if (!(identity instanceof TokenIdentity) || tokens === undefined) {
      done(undefined); // as in RabbitMQ: a user's own password says nothing new
      return;
    }
    tokens.verify(secret, (result) => {
      if ('refused' in result) {
        done(result.refused);
      } else if (result.username === identity.username) {
        identity.renew(result);
        this.#runtime.topologyVersion++;
        done(undefined);
      } else {
        done(`the new token is one of user '${result.username}'`);
      }
    });
  }

  #checkCertificate({ username, peer }: LoginAttempt, done: (result: LoginResult) => void): void {
    const isKnown = this.#access.users.has(username);
    done(isKnown ? this.#userAt(username, peer) : { refused: `no user '${username}'` });
  }

  /** A password, unless it was guessed too often. */
  #checkGuess(attempt: LoginAttempt, password: string, done: (result: LoginResult) => void): void {
    const { username, peer } = attempt;
    const nowMs = this.#runtime.now();
    const waitMs = this.#throttle.waitMs(username, peer.remoteAddress, nowMs);
    if (waitMs > 0) {
      this.attempts.add(attempt.protocol, peer.remoteAddress, username, false);
      const seconds = Math.ceil(waitMs / 1000);
      done({ refused: `too many failed attempts; the next may come in ${seconds} s`, retryAfterMs: waitMs });
      return;
    }
    this.#throttle.begun(username, peer.remoteAddress, nowMs);
    this.#checkPassword(attempt, password, (result) => {
      this.#note(attempt, result);
      done(result);
    });
  }

  #checkPassword(attempt: LoginAttempt, password: string, done: (result: LoginResult) => void): void {
    const { username } = attempt;
    const user = this.#access.users.get(username);
    // an empty password is no password, as in RabbitMQ: whoever leaves it out proves nothing
    if (password === '') {
      done({ refused: WRONG });
      return;
    }
    this.#environment.credentials.verify(password, user?.passwordHash, (matches) => {
      if (matches === undefined) {
        done({ refused: 'too many log-ins at once', retryAfterMs: BUSY_MS });
      } else if (matches && this.#isUnchanged(username, user)) {
        this.#replaceOutdated(username, password, user?.passwordHash);
        done(this.#userAt(username, attempt.peer));
      } else {
        done({ refused: WRONG });
      }
    });
  }

  /** It may have gone while its password was looked at, or another one of its name may be there. */
  #isUnchanged(username: string, before: User | undefined): boolean {
    const user = this.#access.users.get(username);
    if (user === undefined) return false;
    // the same password may have got a better hash, and the user other tags
    return user.version === before?.version || user.passwordHash === before?.passwordHash;
  }

  #checkToken(tokens: TokenVerifier, token: string, done: (result: LoginResult) => void): void {
    const { clock } = this.#environment;
    tokens.verify(token, (result: VerifiedToken | { readonly refused: string }) =>
      done('refused' in result ? result : { identity: new TokenIdentity(result, clock) }),
    );
  }

  #userAt(username: string, peer: Peer): LoginResult {
    const allowedHere = peer.loopback || !this.#loopbackUsers.includes(username);
    if (!allowedHere) return { refused: 'may log in only from this machine' };
    return { identity: this.#access.identityOf(username) };
  }

  #replaceOutdated(username: string, password: string, passwordHash: string | undefined): void {
    const { credentials } = this.#environment;
    if (passwordHash === undefined || this.#outdated.has(passwordHash)) return;
    if (credentials.hashSlowly === undefined || !credentials.isOutdated?.(passwordHash, password)) return;
    this.#outdated.add(passwordHash);
    credentials.hashSlowly(password, (better) => {
      this.#outdated.delete(passwordHash);
      if (better !== undefined) this.#access.replaceHash(username, passwordHash, better);
    });
  }

  /** What is refused for want of time says nothing about who asks. */
  #note(attempt: LoginAttempt, result: LoginResult): void {
    const { username, peer } = attempt;
    this.#count(attempt, result);
    if ('identity' in result) this.#throttle.succeeded(username, peer.remoteAddress, this.#runtime.now());
    else if (result.retryAfterMs === undefined)
      this.#throttle.failed(username, peer.remoteAddress, this.#runtime.now());
  }

  #count({ protocol, username, peer }: LoginAttempt, result: LoginResult): void {
    const isIn = 'identity' in result;
    this.attempts.add(protocol, peer.remoteAddress, isIn ? result.identity.username : username, isIn);
  }
}
