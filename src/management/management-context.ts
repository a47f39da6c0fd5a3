import type { Broker } from '../core/broker.ts';
import type { ManagementHost } from './management-host.ts';

/** What all routes share. */
export interface ManagementContext {
  readonly host: ManagementHost;
  readonly broker: Broker;
}

/** Resolves once all that happened by now is durable: a change is answered then and not before. */
export function durable({ broker }: ManagementContext): Promise<void> {
  return new Promise((resolve) => broker.whenDurable(resolve));
}
