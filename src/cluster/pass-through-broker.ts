import type { BrokerEvent, Peer, Transport } from '../core/environment.ts';
import type { AmqpBroker } from '../server/amqp-broker.ts';
import { BoundedReport } from '../server/bounded-report.ts';
import { hostAndPort } from '../server/peer-address.ts';
import type { TlsMaterial } from '../server/tls-material.ts';
import { isSameTarget, type PassTarget } from './join-owner.ts';
import { PassThroughConnection, type PassThroughOwner } from './pass-through-connection.ts';

export interface PassThroughOptions {
  /** Where the owner is now; undefined while none is known, and when it is this node. */
  target(): PassTarget | undefined;
  /** `listener` is called when `target()` may say something else. Returns how to end that. */
  onTarget(listener: () => void): () => void;
  /** How long a client waits for an owner before it is closed. */
  readonly waitMs: number;
  /** What this node listens with: then the owner, too, is expected to speak TLS. Absent: in the clear. */
  readonly tls?: TlsMaterial | undefined;
  onEvent(event: BrokerEvent): void;
}

/** Connections to the owner that are being opened at the same time: after a take-over all clients come back at once. */
const JOINING_MAX = 256;
/** An owner that took no client is tried again after this long, and twice as long each time up to the limit. */
const RETRY_MS = 50;
const RETRY_MS_MAX = 1_000;

/**
 * The broker of a node that does not own the log: passes each client through to the owner. When there is another owner, those
 * who were passed to the former one are closed, since nothing they have there is of use any more; those who wait are passed to
 * the new one.
 */
export class PassThroughBroker implements AmqpBroker, PassThroughOwner {
  readonly waitMs: number;
  readonly tls: TlsMaterial | undefined;
  readonly #options: PassThroughOptions;
  readonly #stopListening: () => void;
  readonly #failures: BoundedReport;
  readonly #inVain: BoundedReport;
  /** Each is in one of them, those that wait in the order in which they came. */
  readonly #waiting = new Set<PassThroughConnection>();
  readonly #joining = new Set<PassThroughConnection>();
  readonly #passing = new Set<PassThroughConnection>();
  #target: PassTarget | undefined;
  #retryMs = RETRY_MS;
  /** Nobody is joined before it is over. */
  #retryTimer: NodeJS.Timeout | undefined;

  constructor(options: PassThroughOptions) {
    this.#options = options;
    this.waitMs = options.waitMs;
    this.tls = options.tls;
    this.#failures = new BoundedReport(
      options.onEvent,
      (count, last) => `clients cannot be passed through to the owner (failed attempts: ${count}): ${last}`,
    );
    this.#inVain = new BoundedReport(
      options.onEvent,
      (count) => `AMQP connections closed because no node owned the log for ${options.waitMs} ms: ${count}`,
    );
    this.#target = options.target();
    this.#stopListening = options.onTarget(() => this.#onTarget());
  }

  /** Clients of this node, those that wait for an owner among them. */
  get connectionCount(): number {
    return this.#waiting.size + this.#joining.size + this.#passing.size;
  }

  get waitingCount(): number {
    return this.#waiting.size + this.#joining.size;
  }

  accept(transport: Transport, peer: Peer): PassThroughConnection {
    const connection = new PassThroughConnection(this, transport, peer);
    this.#waiting.add(connection);
    this.#joinWaiting();
    return connection;
  }

  /** This node has become the owner: those who wait are served by `broker`. */
  giveWaitingTo(broker: AmqpBroker): void {
    this.#stopJoining();
    for (const connection of [...this.#waiting]) {
      try {
        connection.giveTo(broker);
      } catch (error) {
        connection.close();
        const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
        this.#options.onEvent({ level: 'error', text: `defect in the broker, closed a connection: ${what}` });
      }
    }
  }

  /** Closes every connection, those that wait among them. */
  closeAll(): void {
    for (const each of [...this.#waiting, ...this.#joining, ...this.#passing]) each.cut();
  }

  /** Closes everything, and listens for owners no more. */
  close(): void {
    this.#stopListening();
    this.closeAll();
    clearTimeout(this.#retryTimer);
  }

  onJoined(connection: PassThroughConnection): void {
    this.#joining.delete(connection);
    this.#passing.add(connection);
    this.#retryMs = RETRY_MS;
    this.#joinWaiting();
  }

  onJoinFailed(connection: PassThroughConnection, error: Error): void {
    this.#joining.delete(connection);
    this.#waiting.add(connection);
    const { host = '', port = 0 } = this.#target ?? {};
    this.#failures.add(`${hostAndPort(host, port)}: ${error.message}`);
    this.#retryLater();
  }

  onWaitedInVain(): void {
    this.#inVain.add('');
  }

  onLeft(connection: PassThroughConnection): void {
    this.#waiting.delete(connection);
    this.#passing.delete(connection);
    if (this.#joining.delete(connection)) this.#joinWaiting();
  }

  #onTarget(): void {
    const target = this.#options.target();
    if (isSameTarget(target, this.#target)) return;
    this.#target = target;
    this.#stopJoining();
    for (const connection of [...this.#passing]) connection.cut();
    this.#joinWaiting();
  }

  #stopJoining(): void {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
    this.#retryMs = RETRY_MS;
    for (const connection of this.#joining) {
      connection.giveUpJoining();
      this.#waiting.add(connection);
    }
    this.#joining.clear();
  }

  #joinWaiting(): void {
    const target = this.#target;
    if (target === undefined || this.#retryTimer !== undefined) return;
    for (const connection of this.#waiting) {
      if (this.#joining.size >= JOINING_MAX) return;
      this.#waiting.delete(connection);
      this.#joining.add(connection);
      connection.join(target);
    }
  }

  #retryLater(): void {
    if (this.#retryTimer !== undefined) return;
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = undefined;
      this.#joinWaiting();
    }, this.#retryMs);
    this.#retryTimer.unref();
    this.#retryMs = Math.min(2 * this.#retryMs, RETRY_MS_MAX);
  }
}
