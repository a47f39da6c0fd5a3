import type { HandlerObserver } from './consumer-registry.ts';
import { Fifo } from './fifo.ts';
import type { IncomingDelivery } from './incoming-delivery.ts';

/** What `consume` calls for each delivery. What it returns, unless undefined, is the result of the message. */
export type ConsumeHandler = (delivery: IncomingDelivery) => unknown;

/** What comes of the deliveries that a handler was called with. */
export interface HandlerOutcomes {
  readonly observer: HandlerObserver | undefined;
  onReturned(delivery: IncomingDelivery, value: unknown): void | Promise<void>;
  onFailed(delivery: IncomingDelivery, reason: unknown): void | Promise<void>;
}

/** Calls a handler for one delivery after the other, or for several at a time. What waits is bounded by the prefetch count. */
export class HandlerRunner {
  readonly #handler: ConsumeHandler;
  readonly #concurrency: number;
  readonly #outcomes: HandlerOutcomes;
  readonly #waiting: Fifo<IncomingDelivery> = new Fifo();
  #runningCount = 0;
  /** What waits is being begun: a handler that returns at once must not begin the next one from within. */
  #isBeginning = false;
  #idle: (() => void)[] = [];

  constructor(handler: ConsumeHandler, concurrency: number, outcomes: HandlerOutcomes) {
    this.#handler = handler;
    this.#concurrency = concurrency;
    this.#outcomes = outcomes;
  }

  push(delivery: IncomingDelivery): void {
    if (this.#runningCount < this.#concurrency && this.#waiting.length === 0) this.#run(delivery);
    else this.#waiting.push(delivery);
  }

  /** Removes what was not begun. */
  takeWaiting(): IncomingDelivery[] {
    return this.#waiting.takeAll();
  }

  /** Resolves when no handler is under way. */
  idle(): Promise<void> {
    return this.#runningCount === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }

  #run(delivery: IncomingDelivery): void {
    this.#runningCount += 1;
    const done = this.#settled(delivery);
    if (done === undefined) {
      this.#end();
      return;
    }
    const { observer } = this.#outcomes;
    observer?.handlerBegan();
    void done.then(() => {
      this.#end();
      observer?.handlerEnded();
    });
  }

  /** Calls the handler, and settles the delivery. Undefined when that was done at once; the promise never rejects. */
  #settled(delivery: IncomingDelivery): Promise<void> | undefined {
    try {
      const returned = this.#handler(delivery);
      if (isPromise(returned)) return this.#awaited(delivery, returned);
      return this.#outcomes.onReturned(delivery, returned) ?? undefined;
    } catch (reason) {
      return this.#outcomes.onFailed(delivery, reason) ?? undefined;
    }
  }

  async #awaited(delivery: IncomingDelivery, returned: PromiseLike<unknown>): Promise<void> {
    let value: unknown;
    try {
      value = await returned;
    } catch (reason) {
      await this.#outcomes.onFailed(delivery, reason);
      return;
    }
    const settling = this.#outcomes.onReturned(delivery, value);
    if (settling !== undefined) await settling;
  }

  #end(): void {
    this.#runningCount -= 1;
    if (!this.#isBeginning) this.#begin();
    if (this.#runningCount === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  #begin(): void {
    this.#isBeginning = true;
    let next: IncomingDelivery | undefined;
    while (this.#runningCount < this.#concurrency && (next = this.#waiting.shift()) !== undefined) {
      if (!next.isLost) this.#run(next);
    }
    this.#isBeginning = false;
  }
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
