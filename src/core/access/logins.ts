import type { Credentials, Peer } from '../environment.ts';
import type { AccessControl } from './access-control.ts';
import type { Identity } from './identity.ts';

/** What somebody says to prove who it is, over any protocol. */
export interface LoginAttempt {
  readonly username: string;
  /** Undefined: the transport has proven it (a TLS client certificate). */
  readonly password: string | undefined;
  readonly peer: Peer;
}

/** `refused`: why, for the log; a client is not told. */
export type LoginResult = { readonly identity: Identity } | { readonly refused: string };

/** Decides who may come in. */
export class Logins {
  readonly #access: AccessControl;
  readonly #credentials: Credentials;
  readonly #loopbackUsers: readonly string[];

  constructor(access: AccessControl, credentials: Credentials, loopbackUsers: readonly string[]) {
    this.#access = access;
    this.#credentials = credentials;
    this.#loopbackUsers = loopbackUsers;
  }

  /** Calls `done` exactly once, maybe before it returns. */
  logIn(attempt: LoginAttempt, done: (result: LoginResult) => void): void {
    const { username, password } = attempt;
    const user = this.#access.users.get(username);
    if (password === undefined) done(this.#result(attempt, user !== undefined));
    else {
      this.#credentials.verify(password, user?.passwordHash, (matches) =>
        done(this.#result(attempt, matches)),
      );
    }
  }

  #result({ username, peer }: LoginAttempt, matches: boolean): LoginResult {
    if (!matches) return { refused: 'wrong user name or password' };
    const allowedHere = peer.loopback || !this.#loopbackUsers.includes(username);
    if (!allowedHere) return { refused: 'may log in only from this machine' };
    return { identity: this.#access.identityOf(username) };
  }
}
