import { describe, expect, it } from 'vitest';
import { type Field, type FieldTable, type PlainValue, tableOf } from '../../codec/field-table.ts';
import { ChannelError } from '../errors.ts';
import { HeadersRouter } from './headers-router.ts';
import type { RouterBinding } from './router.ts';

type Plain = { readonly [key: string]: PlainValue };

function bindingTo(destination: string, args: FieldTable): RouterBinding<string> {
  return { destination, routingKey: '', arguments: args };
}

function matches(args: FieldTable, headers: FieldTable | undefined): boolean {
  const router = new HeadersRouter<string>();
  router.validate(args, '');
  router.add(bindingTo('orders', args));
  const into: string[] = [];
  router.route({ routingKey: '', headers: () => headers, properties: () => ({}) }, into);
  return into.length === 1;
}

function matchesPlain(args: Plain, headers: Plain): boolean {
  return matches(tableOf(args), tableOf(headers));
}

/** Whether a binding with the one field matches a message with the other. */
function fieldMatches(wanted: Field, found: Field): boolean {
  return matches(new Map([['key', wanted]]), new Map([['key', found]]));
}

describe('HeadersRouter', () => {
  it.each([{ 'x-match': 'all' }, {}])('wants all headers with %o', (match) => {
    const args = { ...match, format: 'pdf', pages: 3 };
    expect(matchesPlain(args, { format: 'pdf', pages: 3, more: true })).toBe(true);
    expect(matchesPlain(args, { format: 'pdf' })).toBe(false);
    expect(matchesPlain(args, { format: 'pdf', pages: 4 })).toBe(false);
  });

  it('wants one of the headers with x-match any', () => {
    const args = { 'x-match': 'any', format: 'pdf', pages: 3 };
    expect(matchesPlain(args, { format: 'zip', pages: 3 })).toBe(true);
    expect(matchesPlain(args, { format: 'zip', pages: 4 })).toBe(false);
    expect(matchesPlain(args, {})).toBe(false);
  });

  it('regards keys that begin with x- only when asked to', () => {
    expect(matchesPlain({ 'x-match': 'all', a: 1, 'x-b': 2 }, { a: 1 })).toBe(true);
    expect(matchesPlain({ 'x-match': 'all-with-x', a: 1, 'x-b': 2 }, { a: 1 })).toBe(false);
    expect(matchesPlain({ 'x-match': 'all-with-x', a: 1, 'x-b': 2 }, { a: 1, 'x-b': 2 })).toBe(true);
    expect(matchesPlain({ 'x-match': 'any', a: 1, 'x-b': 2 }, { 'x-b': 2 })).toBe(false);
    expect(matchesPlain({ 'x-match': 'any-with-x', a: 1, 'x-b': 2 }, { 'x-b': 2 })).toBe(true);
  });

  it('never takes x-match for a header of the message', () => {
    expect(matchesPlain({ 'x-match': 'any-with-x', a: 1 }, { 'x-match': 'any-with-x' })).toBe(false);
  });

  it('matches everything when all of no headers are wanted, nothing when any of them is', () => {
    expect(matches(tableOf({}), undefined)).toBe(true);
    expect(matchesPlain({ 'x-match': 'all' }, { a: 1 })).toBe(true);
    expect(matches(tableOf({ 'x-match': 'any' }), undefined)).toBe(false);
    expect(matchesPlain({ 'x-match': 'any' }, { a: 1 })).toBe(false);
  });

  it('takes a void argument as: the header is there', () => {
    expect(matchesPlain({ a: null }, { a: 'x' })).toBe(true);
    expect(matchesPlain({ a: null }, { a: null })).toBe(true);
    expect(matchesPlain({ a: null }, { b: 'x' })).toBe(false);
    expect(matchesPlain({ a: 'x' }, { a: null })).toBe(false);
  });

  it('compares by value, not by type tag', () => {
    expect(fieldMatches({ tag: 'I', value: 10 }, { tag: 'l', value: 10 })).toBe(true);
    expect(fieldMatches({ tag: 'b', value: 10 }, { tag: 'd', value: 10 })).toBe(true);
    expect(fieldMatches({ tag: 'T', value: 10 }, { tag: 'i', value: 10 })).toBe(true);
    expect(fieldMatches({ tag: 'l', value: 2n ** 60n }, { tag: 'd', value: 2 ** 60 })).toBe(true);
    expect(fieldMatches({ tag: 'd', value: 2 ** 60 }, { tag: 'L', value: 2n ** 60n })).toBe(true);
    expect(fieldMatches({ tag: 'l', value: 2n ** 60n + 1n }, { tag: 'd', value: 2 ** 60 })).toBe(false);
    expect(fieldMatches({ tag: 'l', value: 2n ** 60n }, { tag: 'd', value: 0.5 })).toBe(false);
    expect(fieldMatches({ tag: 'S', value: 'é' }, { tag: 'x', value: new Uint8Array([0xc3, 0xa9]) })).toBe(
      true,
    );
  });

  it('keeps apart what only looks alike', () => {
    expect(fieldMatches({ tag: 'S', value: '10' }, { tag: 'I', value: 10 })).toBe(false);
    expect(fieldMatches({ tag: 't', value: true }, { tag: 'I', value: 1 })).toBe(false);
    expect(fieldMatches({ tag: 't', value: true }, { tag: 'S', value: 'true' })).toBe(false);
    expect(fieldMatches({ tag: 'S', value: 'a' }, { tag: 'x', value: new Uint8Array([0x62]) })).toBe(false);
    expect(fieldMatches({ tag: 'S', value: 'a' }, { tag: 'x', value: new Uint8Array(2) })).toBe(false);
    expect(fieldMatches({ tag: 'F', value: new Map() }, { tag: 'A', value: [] })).toBe(false);
    expect(fieldMatches({ tag: 'x', value: new Uint8Array(0) }, { tag: 'A', value: [] })).toBe(false);
  });

  it('compares decimals, arrays and tables by what is in them', () => {
    const decimal = { tag: 'D', value: { scale: 1, value: 15 } } as const;
    expect(fieldMatches(decimal, { tag: 'D', value: { scale: 1, value: 15 } })).toBe(true);
    expect(fieldMatches(decimal, { tag: 'D', value: { scale: 2, value: 15 } })).toBe(false);
    expect(fieldMatches(decimal, { tag: 'F', value: new Map() })).toBe(false);
    expect(matchesPlain({ a: [1, { b: 'c', d: 2 }] }, { a: [1, { d: 2, b: 'c' }] })).toBe(true);
    expect(matchesPlain({ a: [1, { b: 'c' }] }, { a: [1, { b: 'x' }] })).toBe(false);
    expect(matchesPlain({ a: [1] }, { a: [1, 1] })).toBe(false);
    expect(matchesPlain({ a: { b: 1 } }, { a: { b: 1, c: 1 } })).toBe(false);
    expect(matchesPlain({ a: { b: 1 } }, { a: { c: 1 } })).toBe(false);
  });

  it.each([
    [{ 'x-match': 'some' }, "'some'"],
    [{ 'x-match': 'alluvial' }, "'alluvial'"],
    [{ 'x-match': 1 }, "type 'I'"],
  ])('refuses %o with 406', (args, found) => {
    const router = new HeadersRouter<string>();
    const refuse = (): void => router.validate(tableOf(args), '');
    expect(refuse).toThrow(ChannelError);
    expect(refuse).toThrow(/Invalid x-match field .*expected all, any, all-with-x, or any-with-x/);
    expect(refuse).toThrow(found);
  });

  it('takes not-a-number for equal to itself', () => {
    const notANumber: Field = { tag: 'd', value: Number.NaN };
    expect(fieldMatches(notANumber, { tag: 'f', value: Number.NaN })).toBe(true);
    expect(fieldMatches(notANumber, { tag: 'd', value: 0 })).toBe(false);
    expect(fieldMatches({ tag: 'd', value: 0 }, { tag: 'd', value: -0 })).toBe(true);
  });

  it('removes the binding that it is given, whatever its arguments are equal to', () => {
    const router = new HeadersRouter<string>();
    const args = new Map<string, Field>([['a', { tag: 'd', value: Number.NaN }]]);
    const wanted = [bindingTo('orders', args), bindingTo('orders', tableOf({ a: 1 }))] as const;
    for (const added of wanted) router.add(added);
    router.remove(wanted[0]);
    expect(() => router.remove(wanted[0])).toThrow('does not have');
    const into: string[] = [];
    router.route({ routingKey: '', headers: () => tableOf({ a: 1 }), properties: () => ({}) }, into);
    expect(into).toEqual(['orders']);
  });
});
