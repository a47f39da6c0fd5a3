import type { Random } from '../environment.ts';
import { removeEntry } from './remove-entry.ts';
import type { BindingVerdict, RoutedMessage, Router, RouterBinding } from './router.ts';

/** `x-random`: one binding, drawn anew for each message. */
export class RandomRouter<D> implements Router<D> {
  /** Chance, not the routing key, decides: a remembered result would be wrong. */
  readonly dependsOnHeaders: boolean = true;
  readonly routesEachKey: boolean = false;
  readonly #random: Random;
  /** The destination of each binding. */
  readonly #bound: D[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  add({ destination }: RouterBinding<D>): void {
    this.#bound.push(destination);
  }

  remove({ destination }: RouterBinding<D>): void {
    removeEntry(this.#bound, destination);
  }

  route(_message: RoutedMessage, into: D[]): void {
    if (this.#bound.length === 0) return;
    const drawn = Math.floor((this.#random.uint32() / 2 ** 32) * this.#bound.length);
    into.push(this.#bound[drawn]!);
  }

  explain(_message: RoutedMessage): (binding: RouterBinding<D>) => BindingVerdict {
    const count = this.#bound.length;
    if (count === 1) return () => ({ matches: true, why: 'it is the only binding' });
    return () => ({ matches: undefined, why: `one of ${count} bindings is drawn for each message` });
  }
}
