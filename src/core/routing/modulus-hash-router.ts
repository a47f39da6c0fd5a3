import type { FieldTable } from '../../codec/field-table.ts';
import type { RoutedMessage, Router } from './router.ts';
import { hashText } from './stable-hash.ts';

/**
 * `x-modulus-hash`: one binding, that at the hash of the routing key modulo the number of bindings. Nearly everything moves
 * when a binding comes or goes; x-consistent-hash moves little.
 */
export class ModulusHashRouter<D> implements Router<D> {
  readonly dependsOnHeaders: boolean = false;
  readonly routesEachKey: boolean = false;
  /** One entry per binding, in the order they were made, which decides who gets what. */
  private readonly bound: D[] = [];

  add(destination: D, _routingKey: string, _args: FieldTable): void {
    this.bound.push(destination);
  }

  remove(destination: D, _routingKey: string, _args: FieldTable): void {
    const at = this.bound.indexOf(destination);
    if (at < 0) throw new Error('Removed a binding that this router does not have');
    this.bound.splice(at, 1);
  }

  route(message: RoutedMessage, into: D[]): void {
    if (this.bound.length === 0) return;
    into.push(this.bound[hashText(message.routingKey) % this.bound.length]!);
  }
}
