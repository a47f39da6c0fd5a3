import { removeEntry } from './remove-entry.ts';
import type { RoutedMessage, Router, RouterBinding } from './router.ts';

/** `direct`: the routing key equals the binding key. */
export class DirectRouter<D> implements Router<D> {
  readonly dependsOnHeaders: boolean = false;
  readonly routesEachKey: boolean = true;
  /** **Invariant:** no list is empty. */
  readonly #destinations: Map<string, D[]> = new Map();

  add({ destination, routingKey }: RouterBinding<D>): void {
    const bound = this.#destinations.get(routingKey);
    if (bound === undefined) this.#destinations.set(routingKey, [destination]);
    else bound.push(destination);
  }

  remove({ destination, routingKey }: RouterBinding<D>): void {
    const bound = this.#destinations.get(routingKey) ?? [];
    removeEntry(bound, destination);
    if (bound.length === 0) this.#destinations.delete(routingKey);
  }

  route(message: RoutedMessage, into: D[]): void {
    const bound = this.#destinations.get(message.routingKey);
    if (bound === undefined) return;
    for (const destination of bound) into.push(destination);
  }
}
