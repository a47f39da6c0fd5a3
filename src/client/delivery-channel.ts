import { TagWindow } from './tag-window.ts';
import type { TransportChannel, TransportMessage } from './transport.ts';

/** A delivery, as far as its channel knows it. */
export interface OutstandingDelivery {
  /** The channel is gone, and the broker delivers the message again. */
  onLost(): void;
}

/**
 * The deliveries of one channel that are not settled. A settlement can go to no other channel than this: once it is closed,
 * settling says false.
 *
 * Acknowledgements of one round of the event loop are sent together, and as one where nothing below is outstanding.
 */
export class DeliveryChannel {
  readonly #channel: TransportChannel;
  readonly #outstanding: TagWindow<OutstandingDelivery> = new TagWindow();
  #acked: number[] = [];
  #isOpen = true;
  #flush: NodeJS.Immediate | undefined;
  #idle: (() => void)[] = [];

  constructor(channel: TransportChannel) {
    this.#channel = channel;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Each delivery of the channel, in their order: delivery tags count from 1. */
  add(delivery: OutstandingDelivery): number {
    return this.#outstanding.add(delivery);
  }

  /** False when the channel is gone. */
  ack(deliveryTag: number): boolean {
    if (!this.#take(deliveryTag)) return false;
    this.#acked.push(deliveryTag);
    this.#flush ??= setImmediate(() => this.flush());
    return true;
  }

  /** False when the channel is gone. */
  reject(deliveryTag: number, requeue: boolean): boolean {
    if (!this.#take(deliveryTag)) return false;
    this.#channel.reject(deliveryTag, requeue);
    return true;
  }

  /** Publishes on this channel, for what belongs to one of its deliveries. */
  publish(message: TransportMessage): void {
    if (this.#isOpen) this.#channel.publish(message);
  }

  /** Sends the acknowledgements that wait. */
  flush(): void {
    clearImmediate(this.#flush);
    this.#flush = undefined;
    const acked = this.#acked;
    this.#acked = [];
    if (!this.#isOpen || acked.length === 0) return;
    let together = 0;
    for (const tag of acked) if (tag < this.#outstanding.lowTag && tag > together) together = tag;
    if (together > 0) this.#channel.ack(together, true);
    for (const tag of acked) if (tag > together) this.#channel.ack(tag, false);
  }

  /** Resolves when every delivery is settled or lost. */
  idle(): Promise<void> {
    return this.#outstanding.count === 0
      ? Promise.resolve()
      : new Promise((resolve) => this.#idle.push(resolve));
  }

  /** The channel is closed by this side as soon as what was acknowledged is sent. */
  leave(): void {
    this.flush();
    this.lose();
  }

  /** The channel is gone. */
  lose(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.flush();
    for (const delivery of this.#outstanding.takeAll()) delivery.onLost();
    this.#tellIdle();
  }

  /** Says goodbye to the broker: what is outstanding goes back to the queue. */
  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.flush();
    await this.#channel.close();
    this.lose();
  }

  #take(deliveryTag: number): boolean {
    if (!this.#isOpen) return false;
    const isTaken = this.#outstanding.take(deliveryTag) !== undefined;
    if (this.#outstanding.count === 0) this.#tellIdle();
    return isTaken;
  }

  #tellIdle(): void {
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}
