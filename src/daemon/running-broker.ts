import type { DirectConnection, DirectConnectionOptions } from '../client/direct-connection.ts';
import type { Broker } from '../core/broker.ts';
import type { Listener } from '../management/management-host.ts';
import type { ListenerName } from '../server/listen-error.ts';
import type { ListenerAddress } from '../server/listen-on-hosts.ts';

/** What clients have to answer connection.close, unless the caller says otherwise. */
export const CLOSE_GRACE_MS = 5_000;
/** What HTTP requests that run have of it at most, before the AMQP clients are told. */
export const HTTP_CLOSE_GRACE_MS = 2_000;

/** A broker that runs in this process. */
export interface RunningBroker {
  /** For clients on this machine, like `amqp://127.0.0.1:5672`; undefined without a port. */
  readonly url: string | undefined;
  /** Of the HTTP API, for clients on this machine, like `http://127.0.0.1:15672`, or with https when it listens with TLS only; undefined without a port. */
  readonly httpUrl: string | undefined;
  /** Where it listens for AMQP; empty without a port. */
  readonly addresses: readonly ListenerAddress[];
  /** Where it listens, for every protocol. */
  readonly listeners: readonly Listener[];
  /** The ports that it listens on; undefined where there is none. */
  readonly ports: { readonly [N in ListenerName]: number | undefined };
  /** The broker itself, for what has no shorter way. A node of a cluster has one only while it owns the log, and throws otherwise. */
  readonly broker: Broker;
  /**
   * Opens an AMQP connection inside this process: the same semantics as over TCP, without a socket. It logs in as the
   * default user to the default vhost unless told otherwise.
   *
   * @throws ConnectionClosedError when the broker refuses, for instance 403 for a wrong password.
   *
   * @example
   * ```ts
   * const connection = await broker.connect();
   * const channel = await connection.createChannel();
   * await channel.queueDeclare('hello');
   * await channel.publish({ routingKey: 'hello', body: 'Hello World!' });
   * const message = await channel.get('hello', { noAck: true });
   * ```
   */
  connect(options?: DirectConnectionOptions): Promise<DirectConnection>;
  /**
   * Takes no more connections, answers the HTTP requests that run, tells every client connection.close 320
   * (CONNECTION_FORCED), and resolves when all have gone and everything durable is on the disk. Those that are still there
   * after `graceMs` (5000 if absent; HTTP requests after 2000 at most) are cut off.
   * Calling it again is harmless.
   *
   * @throws StorageError (`code` DISK_FAILED) when the disk fails meanwhile; nothing that was confirmed is lost.
   */
  close(options?: CloseOptions): Promise<void>;
  /** `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

export interface CloseOptions {
  /** Milliseconds. */
  readonly graceMs?: number;
}
