import { batchHandling, handlerHandling } from '../handling.ts';
import type { BatchHandler, Handler, Part } from '../part.ts';
import type { Unit } from '../service.ts';
import { recurringSubscription } from './recurring/recurring-subscription.ts';
import { sagaSubscriptions } from './saga/saga-subscriptions.ts';
import type { Subscription } from './subscription.ts';

/** All that a unit handles, whatever its parts are. Throws `TypeError` for a part that cannot work. */
export function subscriptionsOf(unit: Unit): Subscription[] {
  return unit.parts.flatMap((part) => partSubscriptions(part, unit));
}

function partSubscriptions(part: Part, unit: Unit): readonly Subscription[] {
  switch (part.part) {
    case 'handler':
      return [handlerSubscription(part)];
    case 'batch':
      return [batchSubscription(part)];
    case 'saga':
      return sagaSubscriptions(part, unit);
    case 'recurring':
      return [recurringSubscription(part, unit)];
  }
}

function handlerSubscription(handler: Handler): Subscription {
  const { service, name, contract, options } = handler;
  return {
    ...handlerHandling(`handler of '${name}' in service '${service}'`, options),
    contract,
    part: name,
    isInternal: false,
    handle: (payload, work) => handler.handle(payload, work.context),
  };
}

function batchSubscription(handler: BatchHandler): Subscription {
  const { service, name, contract, options } = handler;
  return {
    ...batchHandling(`batch handler of '${name}' in service '${service}'`, options),
    contract,
    part: name,
    isInternal: false,
    handle: (payloads, work) => handler.handle(payloads as readonly unknown[], work.context),
  };
}
