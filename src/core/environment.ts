/**
 * What core needs from outside. Core has no clock, no timers, no randomness and no input or output of its own: the same
 * inputs through these interfaces give the same outputs, always, so that a whole broker can be replayed from a seed.
 */
import type { MessageStore } from './message/message-store.ts';
import type { MessageTracer } from './message/message-tracer.ts';

/** What core gets from its host. */
export interface Environment {
  readonly clock: Clock;
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly store: MessageStore;
  readonly credentials: Credentials;
  /** Absent: nobody logs in with a token. */
  readonly tokens?: TokenVerifier;
  /** Absent: no spans of distributed traces are made. */
  readonly messageTracer?: MessageTracer;
  onEvent(event: BrokerEvent): void;
}

/** Both clocks of a machine. */
export interface Clock {
  /** Monotonic milliseconds since an arbitrary start. Every time limit in core is measured with it. */
  nowMs(): number;
  /** Milliseconds since 1970, for what people and protocols see (x-death, timestamps). May jump. */
  wallMs(): number;
}

/** A source of random numbers. */
export interface Random {
  /** A whole number from 0 to 2^32 - 1. */
  uint32(): number;
}

/** How core asks to be run. The host answers both by calling `Broker.turn()`. */
export interface Scheduler {
  /** `Broker.turn()` soon, once: after the input of this turn of the event loop was handed in. */
  requestTurn(): void;
  /** `Broker.turn()` when the monotonic clock reads `atMs` or later. Replaces the request before it; Infinity withdraws it. */
  requestTurnAt(atMs: number): void;
}

/** The byte stream of one client. Implemented by whoever owns the socket. */
export interface Transport {
  /**
   * Sends `bytes[0, end)`.
   * Returns true when the bytes were taken at once: the caller may reuse `bytes`. Returns false when the transport is
   * congested: it now owns `bytes`, and calls `Connection.drained()` once everything has left.
   */
  write(bytes: Uint8Array, end: number): boolean;
  /** Changes when the client takes something of what was written, and only then. */
  readonly progressMark: number;
  /** Stops reading from the client (backpressure on publishers). */
  pause(): void;
  resume(): void;
  /** Ends the stream after everything written has left. `Connection.transportClosed()` follows. */
  close(): void;
}

/** Who is at the other end of a transport. */
export interface Peer {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  /** True when the peer is on this machine: loopback address or in this process. `guest` may log in only from there. */
  readonly loopback: boolean;
  /** Whether the bytes are encrypted on their way. Absent: they are not. */
  readonly tls?: TlsFacts;
  /** The verified identity of a TLS client certificate, for SASL EXTERNAL. */
  readonly certificateName?: string;
}

/** What was agreed on with a peer over TLS. */
export interface TlsFacts {
  /** Like `TLSv1.3`. */
  readonly protocol: string;
  /** Like `TLS_AES_256_GCM_SHA384`. */
  readonly cipher: string;
  /** The client's certificate, whether it is trusted or not; undefined without one. */
  readonly certificate?: CertificateFacts;
}

export interface CertificateFacts {
  /** RFC 4514: `CN=client,O=Example`. */
  readonly subject: string;
  readonly issuer: string;
  /** Milliseconds since 1970. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** Password hashing, which may take long and therefore answers later. */
export interface Credentials {
  /**
   * A salted hash of `password`, at once: for users that a broker begins with, and for tests. Cheap to make, and so cheap to
   * guess at by whoever steals it; where it matters the first log-in replaces it (`isOutdated`).
   */
  hash(password: string): string;
  /**
   * Calls `done` exactly once, maybe before it returns: undefined when there is too much to do to find out. Takes the same time
   * for a wrong password and an unknown hash.
   */
  verify(
    password: string,
    passwordHash: string | undefined,
    done: (matches: boolean | undefined) => void,
  ): void;
  /**
   * Calls `done` exactly once, later: with a hash that takes long to make and to guess at, or undefined when there is too much
   * to do. Absent: there is no better one than that of `hash`.
   */
  hashSlowly?(password: string, done: (passwordHash: string | undefined) => void): void;
  /** Whether a hash, which `password` has just been found to match, should give way to one of `hashSlowly`. */
  isOutdated?(passwordHash: string, password: string): boolean;
}

/** Who issues tokens, and whether one is real: JSON Web Tokens. */
export interface TokenVerifier {
  /** Whether it has the form of a token: passwords of users have not. */
  isToken(text: string): boolean;
  /** Calls `done` exactly once, later. */
  verify(token: string, done: (result: VerifiedToken | { readonly refused: string }) => void): void;
}

/** What a token that holds says. */
export interface VerifiedToken {
  readonly username: string;
  /** For this broker, without its prefix: `read:%2F/orders`, `tag:management`. */
  readonly scopes: readonly string[];
  /** Milliseconds since 1970. */
  readonly expiresAtMs: number;
}

/** Something an operator may want to read in a log. Names and addresses in it come from strangers. */
export interface BrokerEvent {
  readonly level: 'info' | 'warn' | 'error';
  readonly text: string;
}
