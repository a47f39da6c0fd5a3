import type { Client } from '../../../client/amqp-client.ts';
import type { ClaimCheck } from '../../claim-check/claim-check.ts';
import { PARTITION_COUNT, partitionQueue } from '../../wire.ts';
import type { Environment } from '../environment.ts';
import type { MessageProcessor } from '../processing.ts';
import { RateLimiter } from '../rate/rate-limiter.ts';
import type { ServiceEvent } from '../service-event.ts';
import type { Subscription } from '../subscription.ts';
import { messageKey } from './message-key.ts';
import { PartitionConsumer, type PartitionMeans } from './partition-consumer.ts';
import { partitionOwners } from './partition-owners.ts';
import { Presence } from './presence.ts';
import { Turns } from './turns.ts';

/** What an ordered consumer has of its unit. */
export interface OrderedHost {
  readonly client: Client;
  readonly service: string;
  readonly processor: MessageProcessor;
  readonly claimCheck: ClaimCheck | undefined;
  readonly environment: Environment;
  onEvent(event: ServiceEvent): void;
}

/**
 * Handles the messages of an ordered subscription: those of one key one after the other, over all instances of the service, and
 * different keys in parallel.
 *
 *     OrderedConsumer -- Presence               which instances share the partitions
 *       `-- PartitionConsumer x 8 -- Tenure     from taking a place in the line to giving it up
 *             `-- KeyLanes -- LaneAttempts      one message of a key at a time, until it is settled
 *
 * The broker has one active consumer for each partition, the one that is first in line, and so nothing depends on what the
 * instances believe of each other. That only decides who shares the load: an instance that gets messages of a partition
 * that another one should have goes to the end of the line, until the right one is first.
 */
export class OrderedConsumer {
  readonly #partitions: readonly PartitionConsumer[];
  readonly #presence: Presence;
  readonly #turns: Turns;
  readonly #instance: string;

  constructor(host: OrderedHost, subscription: Subscription) {
    const { client, service, environment, claimCheck } = host;
    const { contract, rate, concurrency } = subscription;
    const { clock, faults } = environment;
    const pick = faults?.pick?.bind(faults);
    this.#turns = new Turns(concurrency, pick);
    this.#instance = instanceName(environment);
    const means: PartitionMeans = {
      client,
      service,
      subscription,
      processor: host.processor,
      environment,
      turns: this.#turns,
      rate: rate === undefined ? undefined : new RateLimiter(rate, clock),
      keyOf: (delivery) => messageKey(delivery, { contract, service, claimCheck }),
      tell: (event) => host.onEvent(event),
    };
    this.#partitions = Array.from(
      { length: PARTITION_COUNT },
      (_, partition) => new PartitionConsumer(means, partitionQueue(service, contract.name, partition)),
    );
    this.#presence = new Presence(
      { client, service, contract: contract.name, instance: this.#instance, clock },
      {
        onMembersChanged: () => this.#share((partition) => partition.giveUp()),
        onBeat: () => this.#share((partition) => partition.hasDelivered && partition.giveUp()),
        onTrouble: (error) => host.onEvent({ type: 'trouble', service, text: PRESENCE_TROUBLE, error }),
      },
    );
  }

  /** Messages that are handled at the moment. */
  get inFlight(): number {
    return this.#turns.takenCount;
  }

  /** In the line of each partition, first or not. */
  get isConsuming(): boolean {
    return this.#partitions.every(({ isInLine }) => isInLine);
  }

  /** The queues must be there. It hears of the others before it is in line, and they hear of it when it is. */
  async start(): Promise<void> {
    await this.#presence.start();
    await Promise.all(this.#partitions.map((partition) => partition.start()));
    await this.#presence.announce();
  }

  /** Resolves when what was begun has ended. The rest is back in its place, and the next in line goes on with it. Call it before the client drains. */
  async stop(): Promise<void> {
    for (const partition of this.#partitions) partition.retire();
    // the others are told first: then they are in their places when this one leaves its own
    await this.#presence.leave();
    await Promise.all(this.#partitions.map((partition) => partition.stop()));
  }

  #share(giveUp: (partition: PartitionConsumer) => unknown): void {
    const owners = partitionOwners(this.#presence.members, PARTITION_COUNT);
    for (const [index, partition] of this.#partitions.entries()) {
      if (owners[index] !== this.#instance) giveUp(partition);
    }
  }
}

const PRESENCE_TROUBLE = 'instances that share ordered messages could not be told of this one';

function instanceName({ random }: Environment): string {
  return Math.floor(random() * 2 ** 48).toString(36);
}
