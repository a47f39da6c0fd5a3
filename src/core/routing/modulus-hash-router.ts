import type { BindingVerdict, RoutedMessage, Router, RouterBinding } from './router.ts';
import { hashText } from './stable-hash.ts';

/**
 * `x-modulus-hash`: one binding, that at the hash of the routing key modulo the number of bindings. Nearly everything moves
 * when a binding comes or goes; x-consistent-hash moves little.
 */
export class ModulusHashRouter<D> implements Router<D> {
  readonly dependsOnHeaders: boolean = false;
  readonly routesEachKey: boolean = false;
  /** In the order they were made, which decides who gets what. */
  readonly #bindings: RouterBinding<D>[] = [];

  add(binding: RouterBinding<D>): void {
    this.#bindings.push(binding);
  }

  remove(binding: RouterBinding<D>): void {
    const at = this.#bindings.indexOf(binding);
    if (at < 0) throw new Error('Removed a binding that this router does not have');
    this.#bindings.splice(at, 1);
  }

  route(message: RoutedMessage, into: D[]): void {
    if (this.#bindings.length === 0) return;
    into.push(this.#bindings[hashText(message.routingKey) % this.#bindings.length]!.destination);
  }

  explain({ routingKey }: RoutedMessage): (binding: RouterBinding<D>) => BindingVerdict {
    const count = this.#bindings.length;
    const index = hashText(routingKey) % count;
    const chosen = this.#bindings[index];
    return (binding) => ({
      matches: binding === chosen,
      why: `the hash of the routing key modulo ${count} bindings is ${index}`,
    });
  }
}
