import type { Client } from '../../client/amqp-client.ts';
import { TopologyMismatch } from '../../client/client-failures.ts';
import type { Unit } from '../service.ts';
import { formerBindingsOf, type TopologyOptions, topologyOf } from './topology-of.ts';

/** Declares what a unit needs of the broker. Rejects with an error that says what to do when something else is there. */
export async function declareTopology(client: Client, unit: Unit, options: TopologyOptions): Promise<void> {
  try {
    await client.declare(topologyOf(unit, options));
    await client.delete({ bindings: formerBindingsOf(unit) });
  } catch (reason) {
    if (!(reason instanceof TopologyMismatch)) throw reason;
    const { kind, resource, argument, declared, existing } = reason;
    throw new Error(
      `service '${unit.name}' cannot start: ${kind} '${resource}' has '${argument}' ${existing} on the broker, and the service declares ${declared}; 'leveret topology' shows all differences and what to do about each`,
      { cause: reason },
    );
  }
}
