import type { Operation, Patterns } from './access-control.ts';

/**
 * Somebody who has logged in, by whatever proof, and what it may do now: answers change when an operator changes the
 * permissions, or a token is renewed.
 */
export interface Identity {
  readonly username: string;
  readonly tags: ReadonlySet<string>;
  /** When it ends by itself, in milliseconds since 1970: with its token. Absent: never. */
  readonly expiresAtMs?: number;
  /** Whether it may enter the vhost at all. */
  mayEnter(vhost: string): boolean;
  /** What `allows` goes by there, to be shown; undefined when it may not enter. */
  patternsIn(vhost: string): Patterns | undefined;
  /** `name`: of the exchange or queue; amq.default for the default exchange. Runs per method of a channel. */
  allows(vhost: string, name: string, operation: Operation): boolean;
  /** Whether it may publish (write) to or bind (read) the topic exchange with this routing key. */
  allowsTopic(vhost: string, exchange: string, operation: 'write' | 'read', routingKey: string): boolean;
}
