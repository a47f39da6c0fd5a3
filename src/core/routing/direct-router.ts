import type { FieldTable } from '../../codec/field-table.ts';
import { removeDestination } from './remove-destination.ts';
import type { RoutedMessage, Router } from './router.ts';

/** `direct`: the routing key equals the binding key. */
export class DirectRouter<D> implements Router<D> {
  readonly dependsOnHeaders: boolean = false;
  readonly routesEachKey: boolean = true;
  /** **Invariant:** no list is empty. */
  private readonly destinations: Map<string, D[]> = new Map();

  add(destination: D, routingKey: string, _args: FieldTable): void {
    const bound = this.destinations.get(routingKey);
    if (bound === undefined) this.destinations.set(routingKey, [destination]);
    else bound.push(destination);
  }

  remove(destination: D, routingKey: string, _args: FieldTable): void {
    const bound = this.destinations.get(routingKey) ?? [];
    removeDestination(bound, destination);
    if (bound.length === 0) this.destinations.delete(routingKey);
  }

  route(message: RoutedMessage, into: D[]): void {
    const bound = this.destinations.get(message.routingKey);
    if (bound === undefined) return;
    for (const destination of bound) into.push(destination);
  }
}
