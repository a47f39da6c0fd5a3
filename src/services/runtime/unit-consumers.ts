import type { Unit } from '../service.ts';
import { everyQueue, inQueue, jobType, limitedQueue } from '../wire.ts';
import { Dispatcher, type DispatcherOptions } from './dispatcher.ts';
import { OrderedConsumer } from './ordered/ordered-consumer.ts';
import { subscriptionsOf } from './subscriptions-of.ts';
import { isLimited } from './topology-of.ts';

export type ConsumerHost = Omit<DispatcherOptions, 'queue' | 'subscriptions'>;

/** What consumes the queues of a unit. */
export interface UnitConsumers {
  readonly dispatchers: readonly Dispatcher[];
  readonly ordered: readonly OrderedConsumer[];
}

/** One for the queue of the service, one for its jobs, and one for each part that has queues of its own. */
export function unitConsumers(unit: Unit, host: ConsumerHost): UnitConsumers {
  const { name } = unit;
  const subscriptions = subscriptionsOf(unit);
  const jobs = new Set(unit.parts.map((part) => part.part === 'recurring' && jobType(name, part.name)));
  const due = subscriptions.filter(({ part }) => jobs.has(part));
  const ordered = subscriptions.filter(({ isOrdered }) => isOrdered);
  const limited = subscriptions.filter(isLimited);
  const others = subscriptions.filter((each) => ![...due, ...ordered, ...limited].includes(each));
  const dispatchers = [new Dispatcher({ ...host, queue: inQueue(name), subscriptions: others })];
  for (const each of limited) {
    const queue = limitedQueue(name, each.contract.name);
    dispatchers.push(new Dispatcher({ ...host, queue, subscriptions: [each] }));
  }
  if (due.length > 0)
    dispatchers.push(new Dispatcher({ ...host, queue: everyQueue(name), subscriptions: due }));
  return { dispatchers, ordered: ordered.map((each) => new OrderedConsumer(host, each)) };
}
