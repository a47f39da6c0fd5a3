import type { Cache } from './cache/cache.ts';
import type { AnyCommand, AnyEvent, ReplyGotFrom, SentBy } from './contract.ts';
import type { Database } from './store/database.ts';

export interface CallOptions {
  /** 30 000 ms unless given. */
  readonly timeoutMs?: number;
  /** Names the call: with the same id it is handled once, and answered again. One is made unless given. */
  readonly messageId?: string;
  readonly signal?: AbortSignal;
}

/** Options of `send` and `publish` in a handler. */
export interface EmitOptions {
  /** Not before this time has passed. Only in services with a database, which keeps it until then. */
  readonly delayMs?: number;
}

/** What a handler gets besides its message. */
export interface BaseContext {
  readonly service: string;
  /** The same each time that the message comes. */
  readonly messageId: string;
  /** Counts from 1. */
  readonly attempt: number;
  /** Aborts when the time of the handler is up, or the message was lost with its connection: another instance may have it by now. */
  readonly signal: AbortSignal;
  /** By the clock of the service: a test moves it. */
  now(): Date;
  /** Sends a command when the handler has succeeded: with what it wrote to the database, or not at all. */
  send<C extends AnyCommand>(command: C, payload: SentBy<C>, options?: EmitOptions): Promise<void>;
  /** Publishes an event when the handler has succeeded: with what it wrote to the database, or not at all. */
  publish<E extends AnyEvent>(event: E, payload: SentBy<E>, options?: EmitOptions): Promise<void>;
  /** Sends a command at once, and resolves with its reply. Rejects with `Timeout`, `NoConsumer`, `Rejected`. The same call of the same message has the same id, each time that the message is tried. */
  call<C extends AnyCommand>(command: C, payload: SentBy<C>, options?: CallOptions): Promise<ReplyGotFrom<C>>;
}

export interface WithDatabase {
  /** All that a handler does here is one transaction, which begins at its first use and ends with the message. */
  readonly database: Database;
}

export interface WithCache {
  readonly cache: Cache;
}

/** What a service has of its own. */
export interface Means {
  readonly database: boolean;
  readonly cache: boolean;
}

/** The context of the handlers of a service: without a database there is no `context.database`. */
export type Context<M extends Means> = BaseContext &
  (M['database'] extends true ? WithDatabase : unknown) &
  (M['cache'] extends true ? WithCache : unknown);
