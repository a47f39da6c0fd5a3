import type { BackoffOptions } from './backoff.ts';

/** Options of `connect`. */
export interface ClientOptions {
  /** Shown by tools that list connections. */
  readonly connectionName?: string;
  /** For a broker in this process; a URL has its own. Its default user unless given. */
  readonly username?: string;
  readonly password?: string;
  /** For a broker in this process; a URL has its own. Its default vhost unless given. */
  readonly vhost?: string;
  /** For `amqps:`: certificates and the like, as `tls.connect` takes them. */
  readonly tls?: object;
  /** How long to wait between attempts to connect again, and after how many (no limit unless given) the client closes itself. */
  readonly reconnect?: BackoffOptions & { readonly attemptsMax?: number };
  /** How long `connect` tries again while there is no broker. Not at all unless given. */
  readonly waitMs?: number;
  /** What one attempt to connect may take. 10 000 ms unless given. */
  readonly connectTimeoutMs?: number;
  /** Messages that may wait for their confirm at a time; others wait until they are sent. 2000 unless given. */
  readonly unconfirmedMax?: number;
  /** Gives up `connect`. It does not close the client later. */
  readonly signal?: AbortSignal;
}
