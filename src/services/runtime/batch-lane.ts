import type { IncomingDelivery } from '../../client/incoming-delivery.ts';
import { BatchCollector } from './batch/batch-collector.ts';
import type { Subscription } from './subscription.ts';
import { type LaneHost, SubscriptionLane } from './subscription-lane.ts';

/** Messages of a part that handles many at a time. What fails together is tried one by one. */
export class BatchLane {
  readonly #collector: BatchCollector;
  readonly #alone: SubscriptionLane;
  readonly #stopping: AbortSignal;
  #runningCount = 0;
  #idle: (() => void)[] = [];

  constructor(host: LaneHost, subscription: Subscription, stopping: AbortSignal) {
    const { processor, environment } = host;
    const alone = new SubscriptionLane(host, subscription, stopping);
    this.#alone = alone;
    this.#stopping = stopping;
    this.#collector = new BatchCollector({
      subscription,
      processor,
      environment,
      handleAlone: (delivery) => alone.handle(delivery),
    });
  }

  get runningCount(): number {
    return this.#runningCount;
  }

  get postponedCount(): number {
    return this.#alone.postponedCount;
  }

  push(delivery: IncomingDelivery): void {
    if (this.#stopping.aborted) delivery.requeue();
    else void this.#gather(delivery);
  }

  /** What was gathered is handled at once. */
  giveBack(): void {
    this.#collector.flush();
  }

  idle(): Promise<void> {
    return this.#runningCount === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }

  async #gather(delivery: IncomingDelivery): Promise<void> {
    this.#runningCount += 1;
    await this.#collector.push(delivery);
    this.#runningCount -= 1;
    if (this.#runningCount === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }
}
