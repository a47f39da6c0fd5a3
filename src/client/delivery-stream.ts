import type { Delivery } from './delivery.ts';

interface Waiter<T> {
  readonly resolve: (result: IteratorResult<T, undefined>) => void;
  readonly reject: (reason: Error) => void;
}

/** What a stream needs of its channel when the iteration is left. */
export interface DeliverySource<T> {
  cancel(): Promise<void>;
  giveBack(unseen: readonly T[]): void;
  /** Nothing follows on the stream. May be called again. */
  finished(): void;
}

/**
 * Deliveries as an async iteration. What comes while nobody asks waits here; the consumer's credit (its prefetch count)
 * bounds how much that can be.
 *
 *     flowing --finish()--> draining (iterates over what waits) --> done
 *        \--fail()--> failed: the next call rejects once, then done
 *        \--return()--> done: the consumer is cancelled, and what was not seen goes back to the queue
 */
export class DeliveryStream<T = Delivery> implements AsyncIterableIterator<T, undefined> {
  readonly #source: DeliverySource<T>;
  #waiting: T[] = [];
  #asking: Waiter<T>[] = [];
  #finished = false;
  #returned = false;
  #failure: Error | undefined;

  constructor(source: DeliverySource<T>) {
    this.#source = source;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  push(delivery: T): void {
    const asking = this.#asking.shift();
    if (asking === undefined) {
      this.#waiting.push(delivery);
    } else {
      asking.resolve({ done: false, value: delivery });
    }
  }

  /** Nothing follows: the consumer was cancelled. */
  finish(): void {
    this.#finished = true;
    this.#source.finished();
    for (const asking of this.#asking.splice(0)) {
      asking.resolve({ done: true, value: undefined });
    }
  }

  /** The channel is gone, and with it every delivery that waits: they can no longer be acknowledged. */
  fail(reason: Error): void {
    if (this.#finished) {
      return;
    }
    this.#waiting = [];
    const asking = this.#asking.shift();
    if (asking === undefined) {
      this.#failure = reason;
    } else {
      asking.reject(reason);
    }
    this.finish();
  }

  /** Removes what waits: it is not iterated over any more. */
  takeWaiting(): T[] {
    return this.#waiting.splice(0);
  }

  next(): Promise<IteratorResult<T, undefined>> {
    const delivery = this.#returned ? undefined : this.#waiting.shift();
    if (delivery !== undefined) {
      return Promise.resolve({ done: false, value: delivery });
    }
    if (this.#failure !== undefined) {
      const failure = this.#failure;
      this.#failure = undefined;
      return Promise.reject(failure);
    }
    if (this.#finished) {
      return Promise.resolve({ done: true, value: undefined });
    }
    return new Promise((resolve, reject) => this.#asking.push({ resolve, reject }));
  }

  /** Deliveries come until the broker has answered the cancel, so what is given back is known only then. */
  async return(): Promise<IteratorResult<T, undefined>> {
    if (!this.#returned) {
      this.#returned = true;
      this.#failure = undefined;
      this.finish();
      await this.#source.cancel();
      this.#source.giveBack(this.#waiting.splice(0));
    }
    return { done: true, value: undefined };
  }
}
