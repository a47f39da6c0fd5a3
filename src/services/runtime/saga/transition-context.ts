import type { Cache } from '../../cache/cache.ts';
import type { CallOptions, Context, EmitOptions } from '../../context.ts';
import type { AnyCommand, AnyEvent, ReplyGotFrom, SentBy } from '../../contract.ts';
import type { SagaContext } from '../../saga.ts';
import type { Database } from '../../store/database.ts';
import type { SagaTimers } from './saga-timers.ts';

interface SagaMeans {
  readonly database: true;
  readonly cache: true;
}

/** The context of the message, with the key and the timers of its saga. */
export class TransitionContext implements SagaContext<SagaMeans, string> {
  readonly key: string;
  readonly #base: Context<SagaMeans>;
  readonly #timers: SagaTimers;

  constructor(base: Context<SagaMeans>, key: string, timers: SagaTimers) {
    this.#base = base;
    this.key = key;
    this.#timers = timers;
  }

  get service(): string {
    return this.#base.service;
  }

  get messageId(): string {
    return this.#base.messageId;
  }

  get attempt(): number {
    return this.#base.attempt;
  }

  get signal(): AbortSignal {
    return this.#base.signal;
  }

  get database(): Database {
    return this.#base.database;
  }

  get cache(): Cache {
    return this.#base.cache;
  }

  now(): Date {
    return this.#base.now();
  }

  send<C extends AnyCommand>(command: C, payload: SentBy<C>, options?: EmitOptions): Promise<void> {
    return this.#base.send(command, payload, options);
  }

  publish<E extends AnyEvent>(event: E, payload: SentBy<E>, options?: EmitOptions): Promise<void> {
    return this.#base.publish(event, payload, options);
  }

  call<C extends AnyCommand>(
    command: C,
    payload: SentBy<C>,
    options?: CallOptions,
  ): Promise<ReplyGotFrom<C>> {
    return this.#base.call(command, payload, options);
  }

  async startTimer(timer: string, delayMs: number): Promise<void> {
    this.#timers.start(timer, delayMs);
  }

  async stopTimer(timer: string): Promise<void> {
    this.#timers.stop(timer);
  }
}
