import type { TopologyDeclaration } from '../../client/topology.ts';
import type { Unit } from '../service.ts';
import {
  deadQueue,
  everyQueue,
  inQueue,
  limitedQueue,
  NO_KEY,
  PARTITION_COUNT,
  partitionQueue,
  SLOT_COUNT,
  slotRoutingKey,
} from '../wire.ts';
import type { Subscription } from './subscription.ts';
import { subscriptionsOf } from './subscriptions-of.ts';

export interface TopologyOptions {
  /** `classic` unless given. */
  readonly queueType?: 'classic' | 'quorum' | undefined;
}

/** The exchanges, queues and bindings of a unit, as it declares them when it starts. */
export function topologyOf(unit: Unit, options: TopologyOptions = {}): Required<TopologyDeclaration> {
  const subscriptions = subscriptionsOf(unit);
  const external = subscriptions.filter(({ isInternal }) => !isInternal);
  const ordered = external.filter(({ isOrdered }) => isOrdered);
  const type = options.queueType === 'quorum' ? { 'x-queue-type': 'quorum' } : {};
  const single = { ...type, 'x-single-active-consumer': true };
  const partitions = ordered.flatMap(({ contract }) => partitionsOf(unit, contract.name));
  const limited = external.filter(isLimited).map(({ contract }) => limitedQueue(unit.name, contract.name));
  const hasJobs = unit.parts.some(({ part }) => part === 'recurring');
  return {
    exchanges: external.map(({ contract }) => ({ exchange: contract.name, type: 'topic' })),
    queues: [
      { queue: inQueue(unit.name), arguments: type },
      { queue: deadQueue(unit.name), arguments: type },
      ...(hasJobs ? [{ queue: everyQueue(unit.name), arguments: single }] : []),
      ...limited.map((queue) => ({ queue, arguments: type })),
      ...partitions.map((queue) => ({ queue, arguments: single })),
    ],
    bindings: external.flatMap((subscription) => bindingsOf(unit, subscription)),
  };
}

/** Whether it has a queue for itself because of its rate. The partitions of an ordered one are its own anyway. */
export function isLimited({ isOrdered, rate }: Subscription): boolean {
  return !isOrdered && rate !== undefined;
}

type QueueBinding = { readonly queue: string; readonly exchange: string; readonly routingKey: string };

function bindingsOf(unit: Unit, subscription: Subscription): readonly QueueBinding[] {
  const exchange = subscription.contract.name;
  if (subscription.isOrdered) return orderedBindingsOf(unit, exchange);
  const queue = isLimited(subscription) ? limitedQueue(unit.name, exchange) : inQueue(unit.name);
  return [{ queue, exchange, routingKey: '#' }];
}

/** A program that knows no slots is heard, too; in no order with the others. */
function orderedBindingsOf(unit: Unit, exchange: string): readonly QueueBinding[] {
  const slots = Array.from({ length: SLOT_COUNT }, (_, slot) => ({
    queue: partitionQueue(unit.name, exchange, slot % PARTITION_COUNT),
    exchange,
    routingKey: slotRoutingKey(slot),
  }));
  return [...slots, { queue: partitionQueue(unit.name, exchange, 0), exchange, routingKey: NO_KEY }];
}

/** A handler that has queues of its own now may once have been bound to that of its service, which would get each message as well. */
export function formerBindingsOf(unit: Unit): readonly QueueBinding[] {
  return subscriptionsOf(unit)
    .filter((subscription) => subscription.isOrdered || isLimited(subscription))
    .map(({ contract }) => ({ queue: inQueue(unit.name), exchange: contract.name, routingKey: '#' }));
}

function partitionsOf(unit: Unit, contract: string): readonly string[] {
  return Array.from({ length: PARTITION_COUNT }, (_, partition) =>
    partitionQueue(unit.name, contract, partition),
  );
}
