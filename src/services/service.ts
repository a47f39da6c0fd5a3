import type { CacheOptions } from './cache/cache.ts';
import type { Context, Means } from './context.ts';
import {
  type AnyContract,
  type AnyEvent,
  type Command,
  checkedName,
  type GotBy,
  type ReplySentTo,
} from './contract.ts';
import type {
  BatchHandler,
  BatchOptions,
  Handler,
  HandlerOptions,
  Part,
  Recurring,
  RecurringOptions,
} from './part.ts';
import { SagaBuilder, type SagaOptions } from './saga.ts';

export interface DatabaseOptions {
  /** `file:./orders.db`, or `postgres://...`. `file:./data/<service>.db` unless given, or what `run` says. */
  readonly url?: string;
  /** A folder of `*.sql` files that make the tables, run once each in the order of their names. */
  readonly migrations?: string | URL;
}

/** How many instances of a service `leveret up` runs. */
export interface ScaleOptions {
  /** 1 unless given. */
  readonly min?: number;
  readonly max: number;
  /** The delay of a message in the queue that is not to be exceeded: D = Q/C. */
  readonly delayMs: number;
}

export interface ClaimCheckOptions {
  /** Payloads above this size in bytes travel beside the queue. */
  readonly aboveBytes: number;
  /** A folder that all services of the system see. */
  readonly folder: string;
}

export interface ServiceOptions {
  readonly database?: DatabaseOptions;
  readonly cache?: CacheOptions;
  readonly scale?: ScaleOptions;
  readonly claimCheck?: ClaimCheckOptions;
  /** How long the inbox remembers a message that was handled. 7 days unless given. */
  readonly inboxDays?: number;
}

type MeansOf<O extends ServiceOptions> = {
  readonly database: O extends { readonly database: DatabaseOptions } ? true : false;
  readonly cache: O extends { readonly cache: CacheOptions } ? true : false;
};

/** What is deployed: a service with its parts. */
export interface Unit {
  readonly name: string;
  readonly options: ServiceOptions;
  readonly parts: readonly Part[];
}

type Awaitable<T> = T | Promise<T>;

/** A service: its name, and its own database and cache. Made by `service`. */
export class Service<M extends Means> {
  readonly name: string;
  readonly options: ServiceOptions;

  constructor(name: string, options: ServiceOptions) {
    this.name = name;
    this.options = options;
  }

  /** Handles the messages of a contract. What it returns is the reply. Nothing runs before `run`. */
  on<C extends AnyContract>(
    contract: C,
    handle: (payload: GotBy<C>, context: Context<M>) => Awaitable<ReplySentTo<C>>,
    options: HandlerOptions = {},
  ): Handler {
    if (options.ordered === true && !contract.hasKey) {
      throw new TypeError(
        `${contract.kind} '${contract.name}' has no key: give its contract one, or leave 'ordered' out`,
      );
    }
    return {
      part: 'handler',
      name: contract.name,
      contract,
      options,
      handle: handle as Handler['handle'],
    };
  }

  /** Handles many messages of a contract in one transaction. All succeed or fail together. */
  onBatch<C extends AnyEvent | AnyCommandWithoutReply>(
    contract: C,
    handle: (payloads: readonly GotBy<C>[], context: Context<M>) => Awaitable<void>,
    options: BatchOptions = {},
  ): BatchHandler {
    return {
      part: 'batch',
      name: contract.name,
      contract,
      options,
      handle: handle as BatchHandler['handle'],
    };
  }

  /** Runs at the times of a cron pattern, once over all instances. */
  every(
    name: string,
    pattern: string,
    handle: (due: Date, context: Context<M>) => Awaitable<void>,
    options: RecurringOptions = {},
  ): Recurring {
    return {
      part: 'recurring',
      name: checkedName('recurring job', name),
      pattern,
      options,
      handle: handle as Recurring['handle'],
    };
  }

  /** A saga of this service, which needs a database. */
  saga<State, const Timer extends string = never>(
    this: M['database'] extends true ? this : never,
    name: string,
    options: SagaOptions<State, Timer>,
  ): SagaBuilder<State, Timer, M> {
    return new SagaBuilder({
      name: checkedName('saga', name),
      state: options.state,
      retry: options.retry,
      timeoutMs: options.timeoutMs,
      transitions: [],
      timeouts: new Map(),
    });
  }

  /** The unit that is deployed: this service with these parts. Throws when two of them handle the same contract. */
  with(...parts: readonly Part[]): Unit {
    return { name: this.name, options: this.options, parts };
  }
}

/**
 * A service. Its parts are plain values, made by `on`, `onBatch`, `every` and `saga`; `with` puts them together, and `run` runs them.
 *
 * @example
 * const orders = service('orders', { database: { migrations: './migrations' } });
 * const place = orders.on(placeOrder, async (order, context) => {
 *   await context.database.run`insert into orders (id) values (${order.orderId})`;
 *   await context.publish(orderPlaced, order);
 *   return { status: 'accepted' };
 * });
 * export const ordersUnit = orders.with(place);
 */
export function service<const O extends ServiceOptions = object>(
  name: string,
  options?: O,
): Service<MeansOf<O>> {
  return new Service(checkedName('service', name), options ?? {});
}
