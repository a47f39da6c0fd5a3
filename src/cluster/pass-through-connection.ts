/**
 * A client of a node that does not own the log. Its bytes are passed to the owner, and the owner's to it, as they are: nothing of
 * AMQP is looked at.
 *
 *     waiting --join()--> joining --the owner has taken it--> passing
 *        ^                   |
 *        '---it has not------'
 *
 *     waiting, joining --giveTo(): this node is the owner now--> given
 *     any              --either side ends, or cut()-->           ended
 *
 * While it waits, what it sends is kept, up to a bound. The client speaks first in AMQP, eight octets, and then waits for an
 * answer. Once it is passing, each side is read from only as fast as the other one takes it, so that next to nothing is kept.
 */
import type { Socket } from 'node:net';
import type { Peer, Transport } from '../core/environment.ts';
import type { AmqpBroker, AmqpConnection } from '../server/amqp-broker.ts';
import type { TlsMaterial } from '../server/tls-material.ts';
import { joinOwner, type PassTarget } from './join-owner.ts';

/** Who keeps the list of them. */
export interface PassThroughOwner {
  readonly waitMs: number;
  readonly tls: TlsMaterial | undefined;
  onJoined(connection: PassThroughConnection): void;
  /** It waits again. */
  onJoinFailed(connection: PassThroughConnection, error: Error): void;
  /** It has waited for too long, and was closed. */
  onWaitedInVain(connection: PassThroughConnection): void;
  /** Called once: it is neither waiting nor passing any more. */
  onLeft(connection: PassThroughConnection): void;
}

type State =
  | { readonly name: 'waiting' }
  | { readonly name: 'joining'; readonly giveUp: () => void }
  | { readonly name: 'passing'; readonly owner: Socket }
  | { readonly name: 'given'; readonly connection: AmqpConnection }
  | { readonly name: 'ended' };

/** A client that sends more than this before it was answered is not read from. */
const HELD_BYTES_MAX = 4 * 1024;
/** The address of a client without a socket. */
const IN_PROCESS = 'in-process';
/** What the client has sent before it went has this long to be taken by the owner. */
const LAST_BYTES_MS = 5_000;

export class PassThroughConnection implements AmqpConnection {
  readonly #host: PassThroughOwner;
  readonly #transport: Transport;
  readonly #peer: Peer;
  /** The bytes of a client in this process are its own again after the call; those of a socket can be passed as they are. */
  readonly #mustCopy: boolean;
  /** What came while there was nobody to take it. */
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  /** The client is not read from. */
  #isPaused = false;
  /** Assigned by the `become` methods only. */
  #state: State = { name: 'waiting' };
  readonly #waitTimer: NodeJS.Timeout;

  constructor(host: PassThroughOwner, transport: Transport, peer: Peer) {
    this.#host = host;
    this.#transport = transport;
    this.#peer = peer;
    this.#mustCopy = peer.remoteAddress === IN_PROCESS;
    this.#waitTimer = setTimeout(() => this.#onWaitedInVain(), host.waitMs);
    this.#waitTimer.unref();
  }

  /** From then on the owner counts it among those that have not logged in. */
  get isOpen(): boolean {
    return this.#state.name === 'given' ? this.#state.connection.isOpen : this.#state.name === 'passing';
  }

  // ---- from the client ----

  /** Runs per chunk. */
  receive(bytes: Uint8Array, start: number, end: number): void {
    const state = this.#state;
    if (state.name === 'given') state.connection.receive(bytes, start, end);
    else if (state.name !== 'ended') {
      const own = this.#mustCopy ? bytes.slice(start, end) : bytes.subarray(start, end);
      if (state.name === 'passing') this.#pass(state.owner, own);
      else this.#hold(own);
    }
  }

  drained(): void {
    if (this.#state.name === 'passing') this.#state.owner.resume();
    else if (this.#state.name === 'given') this.#state.connection.drained();
  }

  /** Who has said all may still want to hear the rest, which is the owner's to decide. */
  peerEnded(): boolean {
    if (this.#state.name === 'given') return this.#state.connection.peerEnded?.() ?? false;
    if (this.#state.name !== 'passing') return false;
    this.#state.owner.end();
    return true;
  }

  transportClosed(reason?: string): void {
    const state = this.#state;
    if (state.name === 'given') state.connection.transportClosed(reason);
    else if (state.name === 'passing') letGo(state.owner);
    this.#becomeEnded();
  }

  // ---- from the host ----

  /** Only while it waits. */
  join(target: PassTarget): void {
    const giveUp = joinOwner(
      { target, protocol: 'amqp', peer: this.#peer, tls: this.#host.tls },
      (owner) => this.#becomePassing(owner),
      (error) => this.#onJoinFailed(error),
    );
    this.#state = { name: 'joining', giveUp };
  }

  /** Another one is the owner: back to waiting. */
  giveUpJoining(): void {
    if (this.#state.name !== 'joining') return;
    this.#state.giveUp();
    this.#state = { name: 'waiting' };
  }

  /** Only while it waits: hands the client to `broker`, as if it had just come. Throws only for a defect of the broker. */
  giveTo(broker: AmqpBroker): void {
    clearTimeout(this.#waitTimer);
    const connection = broker.accept(this.#transport, this.#peer);
    this.#state = { name: 'given', connection };
    this.#host.onLeft(this);
    this.#resume();
    for (const bytes of this.#takeHeld()) connection.receive(bytes, 0, bytes.length);
  }

  /** Ends both sides. What has come from the owner still leaves. */
  cut(): void {
    if (this.#state.name === 'passing') this.#state.owner.destroy();
    this.#becomeEnded();
    this.close();
  }

  /** Ends the client's side; the other one follows. */
  close(): void {
    this.#transport.close();
  }

  // ---- inside ----

  #becomePassing(owner: Socket): void {
    clearTimeout(this.#waitTimer);
    this.#state = { name: 'passing', owner };
    owner.on('data', (chunk: Uint8Array) => {
      if (!this.#transport.write(chunk, chunk.length)) owner.pause();
    });
    owner.on('drain', () => this.#resume());
    owner.on('end', () => this.#transport.close());
    // 'close' follows
    owner.on('error', () => {});
    owner.on('close', () => this.#transport.close());
    this.#host.onJoined(this);
    this.#resume();
    for (const bytes of this.#takeHeld()) this.#pass(owner, bytes);
    owner.resume();
  }

  #becomeEnded(): void {
    const { name } = this.#state;
    if (this.#state.name === 'joining') this.#state.giveUp();
    clearTimeout(this.#waitTimer);
    this.#held = [];
    this.#state = { name: 'ended' };
    if (name !== 'ended' && name !== 'given') this.#host.onLeft(this);
  }

  /** Node tries the system call at once: what it has taken as a whole is no reason to wait, whatever `write` says. */
  #pass(owner: Socket, bytes: Uint8Array): void {
    if (owner.write(bytes) || owner.writableLength === 0 || this.#isPaused) return;
    this.#isPaused = true;
    this.#transport.pause();
  }

  #resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#transport.resume();
  }

  #hold(bytes: Uint8Array): void {
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
    if (this.#heldBytes <= HELD_BYTES_MAX || this.#isPaused) return;
    this.#isPaused = true;
    this.#transport.pause();
  }

  #takeHeld(): readonly Uint8Array[] {
    const held = this.#held;
    this.#held = [];
    return held;
  }

  #onJoinFailed(error: Error): void {
    this.#state = { name: 'waiting' };
    this.#host.onJoinFailed(this, error);
  }

  #onWaitedInVain(): void {
    this.cut();
    this.#host.onWaitedInVain(this);
  }
}

/** The client is gone. What it has sent still leaves, if the owner takes it soon. */
function letGo(owner: Socket): void {
  const timer = setTimeout(() => owner.destroy(), LAST_BYTES_MS);
  timer.unref();
  owner.on('close', () => clearTimeout(timer));
  owner.resume();
  owner.destroySoon();
}
