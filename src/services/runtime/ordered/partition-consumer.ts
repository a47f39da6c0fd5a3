import type { Client } from '../../../client/amqp-client.ts';
import { Closed } from '../../../client/client-failures.ts';
import type { IncomingDelivery } from '../../../client/incoming-delivery.ts';
import type { Deliveries } from '../../../client/queue-consumer.ts';
import { Tasks } from '../../../client/tasks.ts';
import { waitIdle } from '../retry-plan.ts';
import { KeyLanes } from './key-lanes.ts';
import { LaneAttempts, type LaneMeans } from './lane-attempts.ts';
import { Tenure } from './tenure.ts';

/**
 * Deliveries of a partition that are held here. A key that fails again and again holds up the other keys of its partition only
 * when so many of its messages wait.
 */
const PREFETCH = 1_000;

/** Before a queue that cannot be consumed is tried again. */
const REJOIN_PAUSE_MS = 1_000;

/** What the partitions of a subscription share. */
export interface PartitionMeans extends LaneMeans {
  readonly client: Client;
  keyOf(delivery: IncomingDelivery): string | Promise<string>;
}

/** A place in the line of consumers of a partition. */
interface Place {
  readonly tenure: Tenure;
  readonly deliveries: Deliveries;
}

/**
 * One of the consumers of a partition. Its queue has a single active consumer, the first in line; the others wait.
 *
 *     out --start()--> in line --giveUp(): what was begun ends, the rest goes back in one step--> at the end of the line
 *       any --stop()--> out, for good
 */
export class PartitionConsumer {
  readonly #means: PartitionMeans;
  readonly #queue: string;
  /** What changes the place, one after the other. */
  readonly #changes: Tasks = new Tasks();
  readonly #stopping: AbortController = new AbortController();
  #place: Place | undefined;
  #isGivingUp = false;
  #isInLine = false;
  #hasDelivered = false;

  constructor(means: PartitionMeans, queue: string) {
    this.#means = means;
    this.#queue = queue;
  }

  /** Also while it moves to the end of it. */
  get isInLine(): boolean {
    return this.#isInLine;
  }

  /** Messages came since it is in line: it is, or was, the first one. */
  get hasDelivered(): boolean {
    return this.#hasDelivered;
  }

  /** Rejects when the queue cannot be consumed. */
  start(): Promise<void> {
    return this.#changes.run(() => this.#join());
  }

  /** Goes to the end of the line. One that is on its way there, or has not started, is there soon anyway. */
  giveUp(): void {
    if (this.#place === undefined || this.#isGivingUp || this.#stopping.signal.aborted) return;
    this.#isGivingUp = true;
    void this.#changes.run(() => this.#move());
  }

  /** It does not go to the end of the line any more: it is about to stop. */
  retire(): void {
    this.#stopping.abort(new Closed());
    this.#isInLine = false;
  }

  /** Resolves when what was begun has ended, and the rest is back in the queue. */
  stop(): Promise<void> {
    this.retire();
    return this.#changes.run(() => this.#leave());
  }

  async #join(): Promise<void> {
    const { client } = this.#means;
    const deliveries = await client.consume(this.#queue, { prefetch: PREFETCH, keepOrder: true });
    const tenure = new Tenure();
    this.#hasDelivered = false;
    this.#place = { tenure, deliveries };
    this.#isInLine = true;
    void this.#take(deliveries, tenure);
  }

  /** What was begun counts as work by itself. */
  async #move(): Promise<void> {
    const { environment } = this.#means;
    await this.#place?.tenure.end();
    environment.workBegan();
    await this.#leave();
    this.#isGivingUp = false;
    await this.#rejoin();
    environment.workEnded();
  }

  /** Until it is in line again, or stops. */
  async #rejoin(): Promise<void> {
    while (!this.#stopping.signal.aborted && this.#place === undefined) {
      try {
        await this.#join();
      } catch (reason) {
        if (reason instanceof Closed) return;
        this.#tellTrouble(reason as Error);
        await waitIdle(this.#means.environment, REJOIN_PAUSE_MS, this.#stopping.signal);
      }
    }
  }

  async #leave(): Promise<void> {
    const place = this.#place;
    this.#place = undefined;
    if (place === undefined) return;
    await place.tenure.end();
    await place.deliveries.return();
  }

  async #take(deliveries: Deliveries, tenure: Tenure): Promise<void> {
    const attempts = new LaneAttempts(this.#means, tenure, () => this.giveUp());
    const lanes = new KeyLanes((delivery, key) => attempts.handle(delivery, key));
    tenure.signal.addEventListener('abort', () => lanes.end(), { once: true });
    try {
      for await (const delivery of deliveries) {
        this.#hasDelivered = true;
        const key = this.#means.keyOf(delivery);
        lanes.push(typeof key === 'string' ? key : await this.#keyFound(key), delivery);
      }
    } catch (reason) {
      this.#tellTrouble(reason as Error);
      this.giveUp();
    }
  }

  async #keyFound(key: Promise<string>): Promise<string> {
    const { environment } = this.#means;
    environment.workBegan();
    return key.finally(() => environment.workEnded());
  }

  #tellTrouble(error: Error): void {
    this.#isInLine = false;
    const { service } = this.#means;
    const text = `queue '${this.#queue}' cannot be consumed, and is tried again; 'leveret topology' shows what is missing`;
    this.#means.tell({ type: 'trouble', service, text, error });
  }
}
