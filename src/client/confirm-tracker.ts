import { PublishRefusedError } from './client-errors.ts';

interface Unconfirmed {
  readonly resolve: () => void;
  readonly reject: (reason: Error) => void;
}

/** The published messages of one channel in confirm mode that the broker has not answered for yet. */
export class ConfirmTracker {
  /** By delivery tag. **Invariant:** in ascending order, as a Map keeps what is added in order. */
  readonly #unconfirmed: Map<number, Unconfirmed> = new Map();
  #lastTag = 0;

  /** A promise for the confirm of the message that is published next. */
  expectNext(): Promise<void> {
    this.#lastTag += 1;
    const deliveryTag = this.#lastTag;
    return new Promise((resolve, reject) => {
      this.#unconfirmed.set(deliveryTag, { resolve, reject });
    });
  }

  ack(deliveryTag: number, multiple: boolean): void {
    this.#settle(deliveryTag, multiple, (unconfirmed) => unconfirmed.resolve());
  }

  nack(deliveryTag: number, multiple: boolean): void {
    this.#settle(deliveryTag, multiple, (unconfirmed, tag) =>
      unconfirmed.reject(new PublishRefusedError(tag)),
    );
  }

  failAll(reason: Error): void {
    for (const unconfirmed of this.#unconfirmed.values()) {
      unconfirmed.reject(reason);
    }
    this.#unconfirmed.clear();
  }

  #settle(
    deliveryTag: number,
    multiple: boolean,
    settle: (unconfirmed: Unconfirmed, tag: number) => void,
  ): void {
    if (!multiple) {
      this.#settleOne(deliveryTag, settle);
      return;
    }
    for (const tag of this.#unconfirmed.keys()) {
      // amqp basic.ack "delivery-tag": zero with multiple stands for everything that is outstanding
      if (tag > deliveryTag && deliveryTag !== 0) {
        return;
      }
      this.#settleOne(tag, settle);
    }
  }

  #settleOne(tag: number, settle: (unconfirmed: Unconfirmed, tag: number) => void): void {
    const unconfirmed = this.#unconfirmed.get(tag);
    if (unconfirmed !== undefined) {
      this.#unconfirmed.delete(tag);
      settle(unconfirmed, tag);
    }
  }
}
