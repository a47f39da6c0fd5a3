import type { CacheOptions } from './cache/cache.ts';
import type { Context, Means } from './context.ts';
import {
  type AnyCommandWithoutReply,
  type AnyContract,
  type AnyEvent,
  type Command,
  checkedName,
  type GotBy,
} from './contract.ts';
import { batchHandling, handlerHandling, recurringHandling, sagaHandling } from './handling.ts';
import type {
  BatchHandler,
  BatchOptions,
  Handler,
  HandlerOptions,
  Part,
  Recurring,
  RecurringOptions,
} from './part.ts';
import { checkParts } from './part-check.ts';
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

/** An option with another name is an error. */
type OnlyServiceOptions<O> = { readonly [Name in Exclude<keyof O, keyof ServiceOptions>]: never };

/** What is deployed: a service with its parts. */
export interface Unit {
  readonly name: string;
  readonly options: ServiceOptions;
  readonly parts: readonly Part[];
}

type Awaitable<T> = T | Promise<T>;

/** Conditional, so that the literals of a reply are not widened to `string` before it is compared. */
export type HandlerFor<C extends AnyContract, M extends Means> =
  C extends Command<infer _Sent, infer Got, infer ReplySent, infer _ReplyGot>
    ? (payload: Got, context: Context<M>) => Awaitable<ReplySent>
    : (payload: GotBy<C>, context: Context<M>) => Awaitable<void>;

/** A service: its name, and its own database and cache. Made by `service`. */
export class Service<M extends Means> {
  readonly name: string;
  readonly options: ServiceOptions;

  constructor(name: string, options: ServiceOptions) {
    this.name = name;
    this.options = options;
  }

  /** Handles the messages of a contract. What it returns is the reply. Nothing runs before `run`. */
  on<C extends AnyContract>(contract: C, handle: HandlerFor<C, M>, options: HandlerOptions = {}): Handler {
    if (!contract.hasKey) refuseKeyOptions(contract, options);
    handlerHandling(`handler of '${contract.name}' in service '${this.name}'`, options);
    return {
      part: 'handler',
      service: this.name,
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
    batchHandling(`batch handler of '${contract.name}' in service '${this.name}'`, options);
    return {
      part: 'batch',
      service: this.name,
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
    recurringHandling(`recurring job '${name}' of service '${this.name}'`, options);
    return {
      part: 'recurring',
      service: this.name,
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
    sagaHandling(`saga '${name}' of service '${this.name}'`, options);
    return new SagaBuilder({
      service: this.name,
      name: checkedName('saga', name),
      state: options.state,
      retry: options.retry,
      timeoutMs: options.timeoutMs,
      transitions: [],
      timers: options.timers ?? [],
      timeouts: new Map(),
    });
  }

  /** The unit that is deployed: this service with these parts. Throws `TypeError` when two of them handle the same contract, or have the same name. */
  with(...parts: readonly Part[]): Unit {
    checkParts(this.name, parts);
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
  options?: O & OnlyServiceOptions<O>,
): Service<MeansOf<O>> {
  return new Service(checkedServiceName(name), options ?? {});
}

/** Without dots: what stands before the first one in the name of a queue is the service. */
function checkedServiceName(name: string): string {
  if (!name.includes('.')) return checkedName('service', name);
  throw new TypeError(
    `name of a service: found '${name}'; allowed: a name without dots, as '${name.replaceAll('.', '-')}'`,
  );
}

function refuseKeyOptions({ kind, name }: AnyContract, { ordered, rate }: HandlerOptions): void {
  const option = ordered === true ? 'ordered' : rate?.perKey === true ? 'rate.perKey' : undefined;
  if (option === undefined) return;
  throw new TypeError(`${kind} '${name}' has no key: give its contract one, or leave '${option}' out`);
}
