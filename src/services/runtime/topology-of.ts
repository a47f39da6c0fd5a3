import type { TopologyDeclaration } from '../../client/topology.ts';
import type { Unit } from '../service.ts';
import {
  deadQueue,
  everyQueue,
  inQueue,
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
  const hasJobs = unit.parts.some(({ part }) => part === 'recurring');
  return {
    exchanges: external.map(({ contract }) => ({ exchange: contract.name, type: 'topic' })),
    queues: [
      { queue: inQueue(unit.name), arguments: type },
      { queue: deadQueue(unit.name), arguments: type },
      ...(hasJobs ? [{ queue: everyQueue(unit.name), arguments: single }] : []),
      ...partitions.map((queue) => ({ queue, arguments: single })),
    ],
    bindings: external.flatMap((subscription) => bindingsOf(unit, subscription)),
  };
}

type QueueBinding = { readonly queue: string; readonly exchange: string; readonly routingKey: string };

function bindingsOf(unit: Unit, { contract, isOrdered }: Subscription): readonly QueueBinding[] {
  const exchange = contract.name;
  if (!isOrdered) return [{ queue: inQueue(unit.name), exchange, routingKey: '#' }];
  return Array.from({ length: SLOT_COUNT }, (_, slot) => ({
    queue: partitionQueue(unit.name, exchange, slot % PARTITION_COUNT),
    exchange,
    routingKey: slotRoutingKey(slot),
  }));
}

/** A handler that was not always `ordered` was bound to the queue of its service, which would get each message as well. */
export function formerBindingsOf(unit: Unit): readonly QueueBinding[] {
  return subscriptionsOf(unit)
    .filter(({ isOrdered }) => isOrdered)
    .map(({ contract }) => ({ queue: inQueue(unit.name), exchange: contract.name, routingKey: '#' }));
}

function partitionsOf(unit: Unit, contract: string): readonly string[] {
  return Array.from({ length: PARTITION_COUNT }, (_, partition) =>
    partitionQueue(unit.name, contract, partition),
  );
}
