import type { Delivery } from './delivery.ts';
import type { DeliveryStream } from './delivery-stream.ts';

/** Told when a handler begins that answers later, and when it is done, so that a test can wait until none is under way. */
export interface HandlerObserver {
  handlerBegan(): void;
  handlerEnded(): void;
}

/** What `consume` calls for each message. */
export type DeliveryHandler = (delivery: Delivery) => void | Promise<void>;

type RegisteredConsumer =
  | { readonly kind: 'handler'; readonly handler: DeliveryHandler }
  | { readonly kind: 'stream'; readonly stream: DeliveryStream };

/** The consumers of one channel, by consumer tag. */
export class ConsumerRegistry {
  readonly #observer: HandlerObserver | undefined;
  readonly #onHandlerFailure: (reason: unknown) => void;
  readonly #consumers: Map<string, RegisteredConsumer> = new Map();

  constructor(observer: HandlerObserver | undefined, onHandlerFailure: (reason: unknown) => void) {
    this.#observer = observer;
    this.#onHandlerFailure = onHandlerFailure;
  }

  addHandler(consumerTag: string, handler: DeliveryHandler): void {
    this.#consumers.set(consumerTag, { kind: 'handler', handler });
  }

  addStream(consumerTag: string, stream: DeliveryStream): void {
    this.#consumers.set(consumerTag, { kind: 'stream', stream });
  }

  has(consumerTag: string): boolean {
    return this.#consumers.has(consumerTag);
  }

  /** A delivery for a consumer that was removed is dropped: the broker gets it back when the channel closes. */
  deliver(delivery: Delivery): void {
    const consumer = this.#consumers.get(delivery.consumerTag);
    if (consumer?.kind === 'stream') {
      consumer.stream.push(delivery);
    } else if (consumer?.kind === 'handler') {
      this.#handle(consumer.handler, delivery);
    }
  }

  remove(consumerTag: string): void {
    const consumer = this.#consumers.get(consumerTag);
    this.#consumers.delete(consumerTag);
    if (consumer?.kind === 'stream') {
      consumer.stream.finish();
    }
  }

  removeAll(): void {
    for (const consumerTag of [...this.#consumers.keys()]) {
      this.remove(consumerTag);
    }
  }

  failAll(reason: Error): void {
    for (const consumer of this.#consumers.values()) {
      if (consumer.kind === 'stream') {
        consumer.stream.fail(reason);
      }
    }
    this.#consumers.clear();
  }

  #handle(handler: DeliveryHandler, delivery: Delivery): void {
    try {
      const handled = handler(delivery);
      if (handled !== undefined) {
        this.#observer?.handlerBegan();
        handled.catch(this.#onHandlerFailure).finally(() => this.#observer?.handlerEnded());
      }
    } catch (reason) {
      this.#onHandlerFailure(reason);
    }
  }
}
