import type { FieldTable } from '../../codec/field-table.ts';
import type { Random } from '../environment.ts';
import { removeDestination } from './remove-destination.ts';
import type { RoutedMessage, Router } from './router.ts';

/** `x-random`: one binding, drawn anew for each message. */
export class RandomRouter<D> implements Router<D> {
  /** Chance, not the routing key, decides: a remembered result would be wrong. */
  readonly dependsOnHeaders: boolean = true;
  readonly routesEachKey: boolean = false;
  private readonly random: Random;
  /** One entry per binding. */
  private readonly bound: D[] = [];

  constructor(random: Random) {
    this.random = random;
  }

  add(destination: D, _routingKey: string, _args: FieldTable): void {
    this.bound.push(destination);
  }

  remove(destination: D, _routingKey: string, _args: FieldTable): void {
    removeDestination(this.bound, destination);
  }

  route(_message: RoutedMessage, into: D[]): void {
    if (this.bound.length === 0) return;
    const drawn = Math.floor((this.random.uint32() / 2 ** 32) * this.bound.length);
    into.push(this.bound[drawn]!);
  }
}
