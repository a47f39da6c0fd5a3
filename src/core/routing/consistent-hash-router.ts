/**
 * `x-consistent-hash`: each message goes to exactly one destination, chosen by the hash of its routing key (or of a header,
 * or of a property), so that what belongs together stays together. The binding key is a weight: a destination with
 * weight 2 gets twice the share of one with weight 1.
 *
 * The choice is weighted rendezvous hashing: each binding draws a number from (hash, slot), and the best draw wins. When a
 * binding comes, only what it wins moves; when one goes, only what it had moves. Weights cost no memory, unlike the
 * points of a ring. Routing costs a mix and a logarithm per binding.
 *
 * A slot is the number of a binding, the lowest free one when it is made: bindings made in the same order get the same
 * slots, and with them the same messages, in every process. After a restart each binding comes back to the slot it had.
 */
import type { FieldTable } from '../../codec/field-table.ts';
import type { BasicProperties } from '../../codec/properties.ts';
import { preconditionFailed } from '../failures.ts';
import type { BindingVerdict, RoutedMessage, Router, RouterBinding } from './router.ts';
import { hashBytes, hashText, mixHash } from './stable-hash.ts';

interface WeightedBinding<D> {
  readonly binding: RouterBinding<D>;
  readonly weight: number;
}

/** What is hashed. */
type HashSource =
  | { readonly kind: 'routing-key' }
  | { readonly kind: 'header'; readonly name: string }
  | { readonly kind: 'property'; readonly name: HashProperty };

type HashProperty = 'message_id' | 'correlation_id' | 'timestamp';

export class ConsistentHashRouter<D> implements Router<D> {
  readonly dependsOnHeaders: boolean;
  readonly routesEachKey: boolean = false;
  readonly #source: HashSource;
  /** By slot; undefined where a binding was removed. **Invariant:** the last one is defined. */
  readonly #slots: (WeightedBinding<D> | undefined)[] = [];

  constructor(args: FieldTable) {
    this.#source = hashSource(args);
    this.dependsOnHeaders = this.#source.kind !== 'routing-key';
  }

  validate(_args: FieldTable, routingKey: string): void {
    parseWeight(routingKey);
  }

  add(binding: RouterBinding<D>, slot: number = this.#freeSlot()): void {
    const weighted = { binding, weight: parseWeight(binding.routingKey) };
    while (this.#slots.length < slot) this.#slots.push(undefined);
    this.#slots[this.#slots[slot] === undefined ? slot : this.#freeSlot()] = weighted;
  }

  slotOf(binding: RouterBinding<D>): number {
    const slot = this.#slots.findIndex((weighted) => weighted?.binding === binding);
    if (slot < 0) throw new Error('Asked for a binding that this router does not have');
    return slot;
  }

  remove(binding: RouterBinding<D>): void {
    this.#slots[this.slotOf(binding)] = undefined;
    while (this.#slots.length > 0 && this.#slots.at(-1) === undefined) this.#slots.pop();
  }

  #freeSlot(): number {
    const free = this.#slots.indexOf(undefined);
    return free < 0 ? this.#slots.length : free;
  }

  route(message: RoutedMessage, into: D[]): void {
    if (this.#slots.length === 0) return;
    const winner = this.#winnerOf(message);
    if (winner !== undefined) into.push(winner.binding.destination);
  }

  explain(message: RoutedMessage): (binding: RouterBinding<D>) => BindingVerdict {
    const winner = this.#winnerOf(message);
    const hashed = hashedText(this.#source);
    return (binding) =>
      binding === winner?.binding
        ? { matches: true, why: `the hash of ${hashed} falls to this binding` }
        : {
            matches: false,
            why: `the hash of ${hashed} falls to another binding, and only one gets the message`,
          };
  }

  /** Runs per message. */
  #winnerOf(message: RoutedMessage): WeightedBinding<D> | undefined {
    const hash = this.#hashOf(message);
    let winner: WeightedBinding<D> | undefined;
    let lowest = Number.POSITIVE_INFINITY;
    for (let slot = 0; slot < this.#slots.length; slot++) {
      const weighted = this.#slots[slot];
      if (weighted === undefined) continue;
      // A draw from the exponential distribution with rate `weight`: the chance to be the lowest is weight / sum of weights.
      const draw = -Math.log((mixHash(hash, slot) + 0.5) / 2 ** 32) / weighted.weight;
      if (draw >= lowest) continue;
      lowest = draw;
      winner = weighted;
    }
    return winner;
  }

  /** Messages without the header or property all hash alike, and go one way. */
  #hashOf(message: RoutedMessage): number {
    switch (this.#source.kind) {
      case 'routing-key':
        return hashText(message.routingKey);
      case 'header':
        return hashValue(message.headers()?.get(this.#source.name)?.value);
      case 'property':
        return hashValue(hashProperty(message.properties(), this.#source.name));
    }
  }
}

function hashedText(source: HashSource): string {
  return source.kind === 'routing-key' ? 'the routing key' : `${source.kind} '${source.name}'`;
}

function hashValue(value: unknown): number {
  if (value instanceof Uint8Array) return hashBytes(value);
  if (value === undefined || typeof value === 'object') return hashText('');
  return hashText(String(value));
}

function hashProperty(properties: BasicProperties, name: HashProperty): string | number | bigint | undefined {
  switch (name) {
    case 'message_id':
      return properties.messageId;
    case 'correlation_id':
      return properties.correlationId;
    case 'timestamp':
      return properties.timestamp;
  }
}

function hashSource(args: FieldTable): HashSource {
  const header = stringArgument(args, 'hash-header');
  const property = stringArgument(args, 'hash-property');
  if (header !== undefined && property !== undefined) {
    throw preconditionFailed(
      'hash-header and hash-property are mutually exclusive: declare the exchange with one',
    );
  }
  if (header !== undefined) return { kind: 'header', name: header };
  if (property === undefined) return { kind: 'routing-key' };
  if (property === 'message_id' || property === 'correlation_id' || property === 'timestamp') {
    return { kind: 'property', name: property };
  }
  throw preconditionFailed(
    `Unsupported property: hash-property is '${property}', expected message_id, correlation_id or timestamp`,
  );
}

function stringArgument(args: FieldTable, key: string): string | undefined {
  const field = args.get(key);
  if (field === undefined) return undefined;
  if (typeof field.value === 'string') return field.value;
  throw preconditionFailed(`Invalid argument '${key}' of type '${field.tag}': expected a longstr`);
}

function parseWeight(routingKey: string): number {
  const allowed = 'an x-consistent-hash exchange takes a weight from 1 to 2^53 - 1 as binding key';
  if (!/^[+-]?[0-9]+$/.test(routingKey)) {
    throw preconditionFailed(`The binding key must be an integer: found '${routingKey}'; ${allowed}`);
  }
  const weight = Number(routingKey);
  if (weight < 1) {
    throw preconditionFailed(`The binding key must be greater than 0: found '${routingKey}'; ${allowed}`);
  }
  if (!Number.isSafeInteger(weight)) {
    throw preconditionFailed(`The binding key is too large: found '${routingKey}'; ${allowed}`);
  }
  return weight;
}
