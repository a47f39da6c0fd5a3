/**
 * What core needs from outside. Core has no clock, no timers, no randomness and no input or output of its own: the same
 * inputs through these interfaces give the same outputs, always, so that a whole broker can be replayed from a seed.
 */
import type { MessageStore } from './message/message-store.ts';

/** What core gets from its host. */
export interface Environment {
  readonly clock: Clock;
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly store: MessageStore;
  readonly credentials: Credentials;
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
  /** The verified identity of a TLS client certificate, for SASL EXTERNAL. */
  readonly certificateName?: string;
}

/** Password hashing, which may take long and therefore answers later. */
export interface Credentials {
  /** A salted hash of `password`, in a form that `verify` understands. */
  hash(password: string): string;
  /** Calls `done` exactly once, maybe before it returns. Takes the same time for a wrong password and an unknown hash. */
  verify(password: string, passwordHash: string | undefined, done: (matches: boolean) => void): void;
}

/** Something an operator may want to read in a log. Names and addresses in it come from strangers. */
export interface BrokerEvent {
  readonly level: 'info' | 'warn' | 'error';
  readonly text: string;
}
