import type { BrokerAddress } from '../../client/open-transport.ts';
import type { CallOptions } from '../context.ts';
import type { AnyCommand, AnyEvent, ReplyGotFrom, SentBy } from '../contract.ts';
import type { Unit } from '../service.ts';
import type { Database } from '../store/database.ts';
import type { ServiceEvent } from './service-event.ts';

/** Options of `run`. */
export interface RunOptions {
  /** `amqp://user:password@host:5672/vhost`, or a broker in this process. One is started in this process, which keeps messages in memory, unless given. */
  readonly broker?: BrokerAddress | (() => BrokerAddress) | undefined;
  /** The database of a service, before what the service itself says. */
  readonly databaseUrl?: (service: string) => string | undefined;
  /** The cache of a service, before what the service itself says. */
  readonly cacheUrl?: (service: string) => string | undefined;
  /** Where SQLite files are that have no URL. `./data` unless given. */
  readonly dataDir?: string;
  /** Of the queues of services. `classic` unless given; `quorum` for a cluster of RabbitMQ. */
  readonly queueType?: 'classic' | 'quorum';
  /** Told what happens, for a log. */
  readonly onEvent?: (event: ServiceEvent) => void;
  /** Gives up starting. */
  readonly signal?: AbortSignal;
}

/** A command that was sent. */
export interface SentCommand<Reply> {
  /** Keep it to ask for the result later, also from another process (`App.result`). */
  readonly messageId: string;
  /** The reply: of this time, or kept since the command was handled. Rejects as `call` does. */
  result(options?: ResultOptions): Promise<Reply>;
}

export interface ResultOptions {
  /** 30 000 ms unless given. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface EmitAppOptions {
  /** Names the message: with the same id it has its effect once. One is made unless given. */
  readonly messageId?: string;
  readonly signal?: AbortSignal;
}

export interface UnitHealth {
  readonly service: string;
  /** Connected, and consuming. */
  readonly isConsuming: boolean;
  /** Messages that are handled at the moment. */
  readonly inFlight: number;
  /** Messages that left the queue since the start: handled, or put away for later or for good. */
  readonly handledCount: number;
  /** Of the outbox: messages that should have been sent, and since when. */
  readonly outboxCount: number;
  readonly outboxLagMs: number;
}

export interface Health {
  /** All units are connected, consume, and send what they have to: an instance that may be counted on. */
  readonly isReady: boolean;
  /** Why it is not, for people. */
  readonly reasons: readonly string[];
  readonly units: readonly UnitHealth[];
}

/** Services that run in this process. Made by `run`. */
export interface App extends AsyncDisposable {
  /** Sends a command. Resolves when the broker has confirmed it. Rejects with `NoConsumer` when its service never ran on this broker. */
  send<C extends AnyCommand>(
    command: C,
    payload: SentBy<C>,
    options?: EmitAppOptions,
  ): Promise<SentCommand<ReplyGotFrom<C>>>;
  /** Sends a command, and resolves with its reply. Rejects with `Timeout`, `NoConsumer`, `Rejected`, `PayloadInvalid`. */
  call<C extends AnyCommand>(command: C, payload: SentBy<C>, options?: CallOptions): Promise<ReplyGotFrom<C>>;
  /** Publishes an event. Resolves with its message id when the broker has confirmed it. */
  publish<E extends AnyEvent>(event: E, payload: SentBy<E>, options?: EmitAppOptions): Promise<string>;
  /** The reply to a command that was sent before. Rejects with `Rejected` when its service keeps no results, having no database. */
  result<C extends AnyCommand>(
    command: C,
    messageId: string,
    options?: ResultOptions,
  ): Promise<ReplyGotFrom<C>>;
  /** The database of a unit, for what is not a message: each statement is a transaction of its own. */
  database(unit: Unit): Database;
  health(): Promise<Health>;
  /** In the text format of Prometheus. */
  metrics(): Promise<string>;
  /** Stops consuming, lets handlers finish, sends what the outboxes hold, and closes everything. After `timeoutMs` (30 000 unless given) it waits no longer: what was under way is delivered again. */
  close(options?: { readonly timeoutMs?: number }): Promise<void>;
}
