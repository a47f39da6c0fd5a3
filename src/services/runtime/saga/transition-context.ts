import type { Cache } from '../../cache/cache.ts';
import type { BaseContext, Context } from '../../context.ts';
import type { SagaContext } from '../../saga.ts';
import type { Database } from '../../store/database.ts';
import type { SagaTimers } from './saga-timers.ts';

interface SagaMeans {
  readonly database: true;
  readonly cache: true;
}

/** The context of the message, with the key and the timers of its saga. Its functions may be taken out of it. */
export class TransitionContext implements SagaContext<SagaMeans, string> {
  readonly key: string;
  readonly now: BaseContext['now'];
  readonly send: BaseContext['send'];
  readonly publish: BaseContext['publish'];
  readonly call: BaseContext['call'];
  readonly startTimer: (timer: string, delayMs: number) => Promise<void>;
  readonly stopTimer: (timer: string) => Promise<void>;
  readonly #base: Context<SagaMeans>;

  constructor(base: Context<SagaMeans>, key: string, timers: SagaTimers) {
    this.#base = base;
    this.key = key;
    this.now = base.now.bind(base);
    this.send = base.send.bind(base);
    this.publish = base.publish.bind(base);
    this.call = base.call.bind(base);
    this.startTimer = async (timer, delayMs) => timers.start(timer, delayMs);
    this.stopTimer = async (timer) => timers.stop(timer);
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
}
