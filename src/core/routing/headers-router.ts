import type { Field, FieldTable } from '../../codec/field-table.ts';
import { fieldText, fieldTypeName } from '../arguments/field-text.ts';
import { preconditionFailed } from '../failures.ts';
import type { BindingVerdict, RoutedMessage, Router, RouterBinding } from './router.ts';
import { sameValue } from './same-value.ts';

/** One header that a binding asks for. */
interface WantedHeader {
  readonly key: string;
  /** Void means that the header has to be there, with any value. */
  readonly field: Field;
}

/** What a binding wants, made ready for matching. */
interface HeadersRule<D> {
  readonly binding: RouterBinding<D>;
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
  readonly #rules: HeadersRule<D>[] = [];

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

  add(binding: RouterBinding<D>): void {
    const match = binding.arguments.get('x-match')?.value ?? 'all';
    const withX = match === 'all-with-x' || match === 'any-with-x';
    const wanted: WantedHeader[] = [];
    for (const [key, field] of binding.arguments) {
      if (key !== 'x-match' && (withX || !key.startsWith('x-'))) wanted.push({ key, field });
    }
    const matchesAny = match === 'any' || match === 'any-with-x';
    this.#rules.push({ binding, matchesAny, wanted });
  }

  remove(binding: RouterBinding<D>): void {
    const at = this.#rules.findIndex((rule) => rule.binding === binding);
    if (at < 0) throw new Error('Removed a binding that this router does not have');
    this.#rules.splice(at, 1);
  }

  route(message: RoutedMessage, into: D[]): void {
    if (this.#rules.length === 0) return;
    const headers = message.headers() ?? NO_HEADERS;
    for (const rule of this.#rules) {
      if (matches(rule, headers)) into.push(rule.binding.destination);
    }
  }

  explain(message: RoutedMessage): (binding: RouterBinding<D>) => BindingVerdict {
    const headers = message.headers() ?? NO_HEADERS;
    const rules = new Map(this.#rules.map((rule) => [rule.binding, rule]));
    return (binding) => {
      const rule = rules.get(binding);
      if (rule === undefined) throw new Error('Asked for a binding that this router does not have');
      return { matches: matches(rule, headers), why: headersText(rule, headers) };
    };
  }
}

function headersText<D>({ matchesAny, wanted }: HeadersRule<D>, headers: FieldTable): string {
  if (wanted.length === 0) {
    return matchesAny
      ? 'the binding names no header, and any of none is none'
      : 'the binding asks for no header';
  }
  if (matchesAny) {
    const found = wanted.find((header) => hasHeader(headers, header));
    return found === undefined
      ? `none of the headers is as the binding wants one: ${wanted.map((header) => mismatchText(headers, header)).join('; ')}`
      : `one header suffices, and '${found.key}' is as the binding wants it`;
  }
  const missed = wanted.filter((header) => !hasHeader(headers, header));
  if (missed.length === 0)
    return `all headers are as the binding wants them: ${wanted.map(wantedText).join(', ')}`;
  return `the binding wants all of its headers: ${missed.map((header) => mismatchText(headers, header)).join('; ')}`;
}

function mismatchText(headers: FieldTable, { key, field }: WantedHeader): string {
  const found = headers.get(key);
  const has = found === undefined ? 'is not there' : `is ${valueText(found)}`;
  return `header '${key}' ${has}, wanted ${field.tag === 'V' ? 'with any value' : valueText(field)}`;
}

function wantedText({ key, field }: WantedHeader): string {
  return field.tag === 'V' ? `'${key}' with any value` : `'${key}' = ${valueText(field)}`;
}

/** With its type: '1' as a longstr is not the integer 1. */
function valueText(field: Field): string {
  return `'${fieldText(field)}' (${fieldTypeName(field)})`;
}

function matches<D>(rule: HeadersRule<D>, headers: FieldTable): boolean {
  const { matchesAny, wanted } = rule;
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
