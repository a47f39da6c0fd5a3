import type { Context, Means } from './context.ts';
import type { AnyCommandWithoutReply, AnyContract, AnyEvent, GotBy, Schema } from './contract.ts';
import type { RetryOptions } from './retry-options.ts';

const over: unique symbol = Symbol('over');

/** An object, as the type of a symbol would widen to `symbol` where it is returned. */
export interface Done {
  readonly [over]: true;
}

/** What a transition returns when the saga is over. */
export const done: Done = { [over]: true };

export interface SagaOptions<State, Timer extends string> {
  /** Of the state that is kept between two messages. It must be what JSON can hold. */
  readonly state: Schema<unknown, State>;
  /** Names of the timers that its transitions may start. */
  readonly timers?: readonly Timer[];
  readonly retry?: RetryOptions;
  readonly timeoutMs?: number;
}

/** What a transition gets besides the message and the state. */
export interface WithTimers<Timer extends string> {
  /** The key of this saga. */
  readonly key: string;
  /** Calls the timeout of that name after the delay, unless it is stopped or started again before, or the saga is done. */
  startTimer(timer: Timer, delayMs: number): Promise<void>;
  stopTimer(timer: Timer): Promise<void>;
}

export type SagaContext<M extends Means, Timer extends string> = Context<M> & WithTimers<Timer>;

type Awaitable<T> = T | Promise<T>;

/** One contract of a saga. */
export interface SagaTransition {
  readonly contract: AnyContract;
  /** Whether it may be the first message of a saga. */
  readonly starts: boolean;
  keyOf(payload: unknown): string;
  /** `state` is undefined when the saga begins with this message. */
  run(payload: unknown, state: unknown, context: unknown): unknown;
}

/** A saga as the runtime sees it. */
export interface SagaDefinition {
  /** The service that it belongs to. */
  readonly service: string;
  readonly name: string;
  readonly state: Schema;
  readonly retry: RetryOptions | undefined;
  readonly timeoutMs: number | undefined;
  readonly transitions: readonly SagaTransition[];
  /** Names of all timers that it may start. */
  readonly timers: readonly string[];
  /** By the name of the timer. */
  readonly timeouts: ReadonlyMap<string, (state: unknown, context: unknown) => unknown>;
}

/** A saga. Made by `service.saga`. */
export interface Saga {
  readonly part: 'saga';
  readonly service: string;
  readonly name: string;
  readonly definition: SagaDefinition;
}

/**
 * A long-running exchange of messages: a state that is kept as a row, and what each message makes of it. Messages of one saga
 * (one key) change it one after the other, over all instances. There is no history to replay.
 *
 * A message whose saga has not begun is tried again, as it may have come too early; one whose saga is done is ignored.
 */
export class SagaBuilder<State, Timer extends string, M extends Means> implements Saga {
  readonly part = 'saga';
  readonly service: string;
  readonly name: string;
  readonly definition: SagaDefinition;

  constructor(definition: SagaDefinition) {
    this.service = definition.service;
    this.name = definition.name;
    this.definition = definition;
  }

  /** A message that begins a saga. When it is there already, the message is ignored. */
  starts<C extends AnyEvent | AnyCommandWithoutReply>(
    contract: C,
    key: (payload: GotBy<C>) => string,
    transition: (payload: GotBy<C>, context: SagaContext<M, Timer>) => Awaitable<State | Done>,
  ): SagaBuilder<State, Timer, M> {
    return this.#with({
      contract,
      starts: true,
      keyOf: (payload) => key(payload as GotBy<C>),
      run: (payload, _state, context) => transition(payload as GotBy<C>, context as SagaContext<M, Timer>),
    });
  }

  /** A message for a saga that has begun. */
  on<C extends AnyEvent | AnyCommandWithoutReply>(
    contract: C,
    key: (payload: GotBy<C>) => string,
    transition: (payload: GotBy<C>, state: State, context: SagaContext<M, Timer>) => Awaitable<State | Done>,
  ): SagaBuilder<State, Timer, M> {
    return this.#with({
      contract,
      starts: false,
      keyOf: (payload) => key(payload as GotBy<C>),
      run: (payload, state, context) =>
        transition(payload as GotBy<C>, state as State, context as SagaContext<M, Timer>),
    });
  }

  /** What happens when a timer is over. */
  timeout(
    timer: Timer,
    transition: (state: State, context: SagaContext<M, Timer>) => Awaitable<State | Done>,
  ): SagaBuilder<State, Timer, M> {
    const run = (state: unknown, context: unknown): unknown =>
      transition(state as State, context as SagaContext<M, Timer>);
    const { service, name, timeouts: earlier } = this.definition;
    if (earlier.has(timer)) {
      throw new TypeError(
        `saga '${name}' of service '${service}': .timeout('${timer}', ...) comes twice; allowed: once for each timer`,
      );
    }
    const timeouts = new Map(earlier).set(timer, run);
    return new SagaBuilder({ ...this.definition, timeouts });
  }

  #with(transition: SagaTransition): SagaBuilder<State, Timer, M> {
    return new SagaBuilder({
      ...this.definition,
      transitions: [...this.definition.transitions, transition],
    });
  }
}
