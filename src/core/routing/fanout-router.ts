import type { BindingVerdict, RoutedMessage, Router, RouterBinding } from './router.ts';

/** `fanout`: every bound destination, whatever the routing key. */
export class FanoutRouter<D> implements Router<D> {
  readonly dependsOnHeaders: boolean = false;
  readonly routesEachKey: boolean = false;
  /** How many bindings each destination has. A map, because thousands of queues may come and go on one fanout. */
  readonly #bindingCounts: Map<D, number> = new Map();
  /** The keys of `bindingCounts` as a plain array, made anew by the first message after a change. */
  #destinations: D[] | undefined = undefined;

  add({ destination }: RouterBinding<D>): void {
    this.#bindingCounts.set(destination, (this.#bindingCounts.get(destination) ?? 0) + 1);
    this.#destinations = undefined;
  }

  remove({ destination }: RouterBinding<D>): void {
    const count = this.#bindingCounts.get(destination);
    if (count === undefined) throw new Error('Removed a binding that this router does not have');
    if (count > 1) this.#bindingCounts.set(destination, count - 1);
    else this.#bindingCounts.delete(destination);
    this.#destinations = undefined;
  }

  route(_message: RoutedMessage, into: D[]): void {
    this.#destinations ??= Array.from(this.#bindingCounts.keys());
    for (const destination of this.#destinations) into.push(destination);
  }

  explain(_message: RoutedMessage): (binding: RouterBinding<D>) => BindingVerdict {
    return () => ({ matches: true, why: 'the exchange gives every message to all that is bound to it' });
  }
}
