import type { Unit } from '../service.ts';
import { subscriptionsOf } from './subscriptions-of.ts';

/** Throws `TypeError` for units that cannot run together. */
export function checkUnits(units: readonly Unit[]): void {
  const names = new Set<string>();
  const owners = new Map<string, string>();
  for (const unit of units) {
    if (names.has(unit.name)) {
      throw new TypeError(
        `service '${unit.name}' is given twice; allowed: each service once; put all parts into one 'with', and start another process for another instance`,
      );
    }
    names.add(unit.name);
    for (const { contract, isInternal } of subscriptionsOf(unit)) {
      if (contract.kind === 'event' || isInternal) continue;
      const owner = owners.get(contract.name);
      if (owner !== undefined) {
        throw new TypeError(
          `command '${contract.name}' is handled by the services '${owner}' and '${unit.name}'; allowed: one; make it an event, or leave it to one of them`,
        );
      }
      owners.set(contract.name, unit.name);
    }
  }
}
