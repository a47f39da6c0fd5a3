import type { Field, FieldTable } from '../../codec/field-table.ts';
import { preconditionFailed } from '../failures.ts';
import type { RoutedMessage, Router } from './router.ts';
import { sameTable, sameValue } from './same-value.ts';

/** One header that a binding asks for. */
interface WantedHeader {
  readonly key: string;
  /** Void means that the header has to be there, with any value. */
  readonly field: Field;
}

interface HeadersBinding<D> {
  readonly destination: D;
  readonly args: FieldTable;
  /** True: one wanted header suffices (x-match any). False: all have to be there (all). */
  readonly matchesAny: boolean;
  readonly wanted: readonly WantedHeader[];
}

const NO_HEADERS: FieldTable = new Map();

/**
 * `headers`: the arguments of a binding are headers that a message must have, all of them or any.
 *
 * x-match is `all` (also when absent), `any`, or one of these `-with-x`, which alone regard keys that begin with `x-`.
 * A binding that asks for nothing matches every message with all, and none with any.
 *
 * Routing costs a map look-up per wanted header of every binding: use topic where it will do.
 */
export class HeadersRouter<D> implements Router<D> {
  readonly dependsOnHeaders: boolean = true;
  readonly routesEachKey: boolean = false;
  private readonly bindings: HeadersBinding<D>[] = [];

  validate(args: FieldTable, _routingKey: string): void {
    const match = args.get('x-match');
    if (match === undefined) return;
    const expected = 'expected all, any, all-with-x, or any-with-x';
    if (typeof match.value !== 'string') {
      throw preconditionFailed(`Invalid x-match field type '${match.tag}'; ${expected} as a longstr`);
    }
    if (!/^(all|any)(-with-x)?$/.test(match.value)) {
      throw preconditionFailed(`Invalid x-match field value '${match.value}'; ${expected}`);
    }
  }

  add(destination: D, _routingKey: string, args: FieldTable): void {
    const match = args.get('x-match')?.value ?? 'all';
    const withX = match === 'all-with-x' || match === 'any-with-x';
    const wanted: WantedHeader[] = [];
    for (const [key, field] of args) {
      if (key !== 'x-match' && (withX || !key.startsWith('x-'))) wanted.push({ key, field });
    }
    const matchesAny = match === 'any' || match === 'any-with-x';
    this.bindings.push({ destination, args, matchesAny, wanted });
  }

  /** Bindings with equal arguments match alike, so it does not matter which of them (they differ by routing key) goes. */
  remove(destination: D, _routingKey: string, args: FieldTable): void {
    const at = this.bindings.findIndex(
      (binding) => binding.destination === destination && sameTable(binding.args, args),
    );
    if (at < 0) throw new Error('Removed a binding that this router does not have');
    this.bindings.splice(at, 1);
  }

  route(message: RoutedMessage, into: D[]): void {
    if (this.bindings.length === 0) return;
    const headers = message.headers() ?? NO_HEADERS;
    for (const binding of this.bindings) {
      if (matches(binding, headers)) into.push(binding.destination);
    }
  }
}

function matches<D>(binding: HeadersBinding<D>, headers: FieldTable): boolean {
  const { matchesAny, wanted } = binding;
  for (const header of wanted) {
    if (hasHeader(headers, header) === matchesAny) return matchesAny;
  }
  return !matchesAny;
}

function hasHeader(headers: FieldTable, wanted: WantedHeader): boolean {
  const found = headers.get(wanted.key);
  if (found === undefined) return false;
  return wanted.field.tag === 'V' || sameValue(wanted.field.value, found.value);
}
