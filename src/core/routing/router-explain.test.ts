import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FieldTable, field, tableOf } from '../../codec/field-table.ts';
import { SeededRandom } from '../../testing/seeded-random.ts';
import { createRouter, ROUTER_TYPES, type RouterType } from './create-router.ts';
import type { RoutedMessage, RouterBinding } from './router.ts';

const word = fc.constantFrom('a', 'b', '');
const routingKey = fc.array(word, { maxLength: 4 }).map((words) => words.join('.'));
const bindingWord = fc.constantFrom('a', 'b', '*', '#', '');
const bindingKeys: Readonly<Partial<Record<RouterType, fc.Arbitrary<string>>>> = {
  'x-consistent-hash': fc.constantFrom('1', '2', '7'),
};
const anyKey = fc.array(bindingWord, { maxLength: 4 }).map((words) => words.join('.'));
const headerValue = fc.oneof(fc.constantFrom('x', 'y'), fc.integer({ min: 0, max: 2 }));
const headers: fc.Arbitrary<FieldTable> = fc
  .dictionary(fc.constantFrom('h', 'i', 'x-j'), headerValue)
  .map((entries) => tableOf(entries));
const match = fc.constantFrom('all', 'any', 'all-with-x', 'any-with-x', undefined);
const bindingArguments = fc.tuple(headers, match, fc.boolean()).map(([table, xMatch, withVoid]) => {
  const args = new Map(table);
  if (withVoid) args.set('h', { tag: 'V', value: undefined } as never);
  return xMatch === undefined ? args : args.set('x-match', field.string(xMatch));
});

function messageOf(key: string, table: FieldTable): RoutedMessage {
  return { routingKey: key, headers: () => table, properties: () => ({ headers: table }) };
}

describe.each([...ROUTER_TYPES])('a router of type %s', (type) => {
  const bindings = fc.array(
    fc.tuple(fc.constantFrom('q1', 'q2', 'q3'), bindingKeys[type] ?? anyKey, bindingArguments),
    {
      maxLength: 8,
    },
  );

  it('explains of each binding what it does with a message', () => {
    fc.assert(
      fc.property(bindings, routingKey, headers, fc.integer(), (bound, key, table, seed) => {
        const delayedType = seed % 2 === 0 ? 'topic' : 'headers';
        const router = createRouter<string>(
          type,
          tableOf({ 'x-delayed-type': delayedType }),
          new SeededRandom(seed),
        );
        const added: RouterBinding<string>[] = bound.map(([destination, bindingKey, args]) => {
          const binding = { destination, routingKey: bindingKey, arguments: args };
          router.add(binding);
          return binding;
        });
        const message = messageOf(key, table);
        const into: string[] = [];
        router.route(message, into);
        const explain = router.explain(message);
        const verdicts = added.map((binding) => ({ ...explain(binding), destination: binding.destination }));
        const certain = verdicts
          .filter(({ matches }) => matches === true)
          .map(({ destination }) => destination);
        const byChance = verdicts.filter(({ matches }) => matches === undefined);
        for (const { why } of verdicts) expect(why).not.toBe('');
        if (byChance.length === 0) expect(new Set(certain)).toEqual(new Set(into));
        else expect(byChance.map(({ destination }) => destination)).toEqual(expect.arrayContaining(into));
      }),
    );
  });
});

describe('why a binding does not take a message', () => {
  const router = (type: RouterType, key: string, args: FieldTable = new Map()) => {
    const made = createRouter<string>(type, new Map(), new SeededRandom(1));
    const binding = { destination: 'q', routingKey: key, arguments: args };
    made.add(binding);
    return (routed: string, table: FieldTable = new Map()) =>
      made.explain(messageOf(routed, table))(binding).why;
  };

  it('names the word of a topic', () => {
    expect(router('topic', 'stock.*.nyse')('stock.usd.lse')).toBe(
      "word 3 of the routing key is 'lse', and 'stock.*.nyse' wants 'nyse'",
    );
    expect(router('topic', 'stock.*')('stock')).toBe(
      "the routing key has 1 word, and 'stock.*' wants any word as word 2",
    );
    expect(router('topic', 'stock')('stock.usd')).toBe(
      "'stock' ends where the routing key goes on with 'usd'",
    );
    expect(router('topic', 'a.#.z')('a.b.c')).toBe(
      "no word of the routing key can be word 3 of 'a.#.z', which is 'z'",
    );
  });

  it('names the header', () => {
    const all = router('headers', '', tableOf({ format: 'pdf', pages: 3 }));
    expect(all('', tableOf({ format: 'txt', pages: 3 }))).toBe(
      "the binding wants all of its headers: header 'format' is 'txt' (longstr), wanted 'pdf' (longstr)",
    );
    expect(all('')).toContain("header 'pages' is not there");
    const any = router('headers', '', tableOf({ 'x-match': 'any', format: 'pdf' }));
    expect(any('', tableOf({ format: 'pdf' }))).toBe(
      "one header suffices, and 'format' is as the binding wants it",
    );
  });

  it('names both keys of a direct exchange', () => {
    expect(router('direct', 'a')('b')).toBe("the routing key is 'b', and the binding wants 'a'");
  });
});
