import { removeEntry } from './remove-entry.ts';
import type { BindingVerdict, RoutedMessage, Router, RouterBinding } from './router.ts';

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

  explain({ routingKey: found }: RoutedMessage): (binding: RouterBinding<D>) => BindingVerdict {
    return ({ routingKey: wanted }) =>
      wanted === found
        ? { matches: true, why: `the routing key is '${wanted}'` }
        : { matches: false, why: `the routing key is '${found}', and the binding wants '${wanted}'` };
  }
}
