import { setMaxListeners } from 'node:events';
import type { Client } from '../../client/amqp-client.ts';
import type { IncomingDelivery } from '../../client/incoming-delivery.ts';
import type { Deliveries } from '../../client/queue-consumer.ts';
import { Fatal } from '../service-failures.ts';
import { BatchLane } from './batch-lane.ts';
import { waitIdle } from './retry-plan.ts';
import type { Subscription } from './subscription.ts';
import { type LaneHost, SubscriptionLane } from './subscription-lane.ts';

export interface DispatcherOptions extends LaneHost {
  readonly queue: string;
  readonly subscriptions: readonly Subscription[];
  readonly client: Client;
  /** Declares the queue again, and all that the service needs. */
  declare(): Promise<void>;
}

type Lane = SubscriptionLane | BatchLane;

const PREFETCH_MAX = 65_535;
/** Before a queue that is gone is looked for again. */
const REOPEN_MS = 1_000;

/** Consumes a queue, and hands each message to the part of the service that handles it. */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #lanes: Map<string, Lane> = new Map();
  readonly #stopping: AbortController = new AbortController();
  #deliveries: Deliveries | undefined;
  #consuming: Promise<void> | undefined;
  #isConsuming = false;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    // each message that waits for its next attempt listens
    setMaxListeners(0, this.#stopping.signal);
    for (const subscription of options.subscriptions) {
      const LaneOf = subscription.batch === undefined ? SubscriptionLane : BatchLane;
      const lane = new LaneOf(options, subscription, this.#stopping.signal);
      this.#lanes.set(subscription.contract.name, lane);
    }
  }

  get isConsuming(): boolean {
    return this.#isConsuming;
  }

  /** Messages that are handled at the moment. */
  get inFlight(): number {
    let count = 0;
    for (const lane of this.#lanes.values()) count += lane.runningCount;
    return count;
  }

  /** Messages that were put off. */
  get postponedCount(): number {
    let count = 0;
    for (const lane of this.#lanes.values()) count += lane.postponedCount;
    return count;
  }

  async start(): Promise<void> {
    const deliveries = await this.#open();
    this.#consuming = this.#consume(deliveries);
  }

  /** Nothing more is begun. Resolves when what has begun is settled. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const leaving = this.#deliveries?.return();
    for (const lane of this.#lanes.values()) lane.giveBack();
    await leaving;
    await this.#consuming;
    await Promise.all([...this.#lanes.values()].map((lane) => lane.idle()));
  }

  async #open(): Promise<Deliveries> {
    const { client, queue, subscriptions } = this.#options;
    const concurrency = subscriptions.reduce((sum, each) => sum + takenAtATime(each), 0);
    // also without a subscription: what comes all the same goes to the dead letters
    const prefetch = Math.max(1, Math.min(concurrency * 2, PREFETCH_MAX));
    const deliveries = await client.consume(queue, { prefetch });
    this.#deliveries = deliveries;
    this.#isConsuming = true;
    return deliveries;
  }

  async #consume(first: Deliveries): Promise<void> {
    for (let deliveries: Deliveries | undefined = first; deliveries !== undefined; ) {
      try {
        for await (const delivery of deliveries) this.#take(delivery);
        return;
      } catch (reason) {
        this.#isConsuming = false;
        this.#trouble(`queue '${this.#options.queue}' is not consumed any more`, reason);
      }
      deliveries = await this.#reopened();
    }
  }

  /** Somebody deleted the queue, and the messages in it. */
  async #reopened(): Promise<Deliveries | undefined> {
    const { environment } = this.#options;
    while (!this.#stopping.signal.aborted) {
      // nothing is under way meanwhile: the pause is not to end work that has not begun
      environment.workBegan();
      const goesOn = await waitIdle(environment, REOPEN_MS, this.#stopping.signal);
      environment.workEnded();
      if (!goesOn) return undefined;
      try {
        await this.#options.declare();
        const deliveries = await this.#open();
        // it was stopped meanwhile, and these were not there to be left
        if (this.#stopping.signal.aborted) await deliveries.return();
        else return deliveries;
      } catch (reason) {
        this.#trouble(`queue '${this.#options.queue}' cannot be consumed`, reason);
      }
    }
    return undefined;
  }

  #take(delivery: IncomingDelivery): void {
    const lane = this.#laneOf(delivery);
    if (lane !== undefined) lane.push(delivery);
    else void this.#refuse(delivery);
  }

  /** By its type; a message of a program that sets none, by its exchange. */
  #laneOf(delivery: IncomingDelivery): Lane | undefined {
    const { type } = delivery;
    const byType = type === undefined ? undefined : this.#lanes.get(type);
    return byType ?? this.#lanes.get(delivery.exchange);
  }

  async #refuse(delivery: IncomingDelivery): Promise<void> {
    const { service, queue, processor, environment } = this.#options;
    const { type, exchange } = delivery;
    environment.workBegan();
    try {
      const known = [...this.#lanes.keys()].map((name) => `'${name}'`).join(', ');
      // without the id of the message: dead letters are grouped by what is said of them
      const name = type ?? exchange;
      const what = name === '' ? 'message without a type that came to no exchange' : `'${name}'`;
      const error = new Fatal(
        `service '${service}' handles no ${what} (in queue '${queue}'); it handles: ${known || 'nothing'}`,
      );
      await processor.deadLetter(delivery, undefined, 1, error);
    } catch (reason) {
      this.#trouble('a message that nobody handles could not be put into the dead letters', reason);
      if (!delivery.isSettled) delivery.requeue();
    } finally {
      environment.workEnded();
    }
  }

  #trouble(text: string, reason: unknown): void {
    const error = reason instanceof Error ? reason : new Error(String(reason));
    this.#options.onEvent({ type: 'trouble', service: this.#options.service, text, error });
  }
}

function takenAtATime({ concurrency, batch }: Subscription): number {
  return concurrency * (batch?.size ?? 1);
}
