import { expect, test } from 'vitest';
import { tableOf } from '../codec/field-table.ts';
import { findByPropertiesKey, propertiesKey } from './properties-key.ts';

const none = new Map();

test('without arguments it is the quoted routing key, and ~ for an empty one', () => {
  const keys = ['a.#', '', 'a b', '~', 'ü', "!'()*"].map((routingKey) =>
    propertiesKey({ routingKey, arguments: none }),
  );
  expect(keys).toEqual(['a.%23', '~', 'a+b', '%7E', '%C3%BC', '%21%27%28%29%2A']);
});

test('arguments add a hash that does not depend on their order', () => {
  const one = propertiesKey({ routingKey: 'k', arguments: tableOf({ a: 1, b: 'x' }) });
  const other = propertiesKey({ routingKey: 'k', arguments: tableOf({ b: 'x', a: 1 }) });
  expect(one).toMatch(/^k~[A-Za-z0-9_-]{16}$/);
  expect(other).toBe(one);
  expect(propertiesKey({ routingKey: 'k', arguments: tableOf({ a: 2, b: 'x' }) })).not.toBe(one);
});

test('a binding is found by its key as it is, and unquoted once', () => {
  for (const routingKey of ['a.#', '', 'a b', '100%', '%41', '~', 'ü~ü', 'a+b']) {
    for (const args of [none, tableOf({ 'x-match': 'all' })]) {
      const binding = { routingKey, arguments: args };
      const key = propertiesKey(binding);
      expect(findByPropertiesKey(key, [binding])).toBe(binding);
      expect(findByPropertiesKey(decodeURIComponent(key), [binding])).toBe(binding);
      expect(findByPropertiesKey(key, [{ routingKey: 'other', arguments: args }])).toBeUndefined();
      expect(findByPropertiesKey(key, [{ routingKey, arguments: tableOf({ other: 1 }) }])).toBeUndefined();
    }
  }
});

test('of several that a key may stand for, the one is found whose key it is', () => {
  const quoted = { routingKey: 'a%23', arguments: none };
  const plain = { routingKey: 'a#', arguments: none };
  expect(findByPropertiesKey('a%23', [quoted, plain])).toBe(plain);
  expect(findByPropertiesKey('a%2523', [quoted, plain])).toBe(quoted);
  expect(findByPropertiesKey('a#', [quoted, plain])).toBe(plain);
  expect(findByPropertiesKey('b', [quoted, plain])).toBeUndefined();
});

test('arguments are hashed only of those that have the routing key', () => {
  const hashed: string[] = [];
  const binding = (routingKey: string) => {
    const args = new Map(tableOf({ a: 1 }));
    const iterator = args[Symbol.iterator].bind(args);
    args[Symbol.iterator] = () => {
      hashed.push(routingKey);
      return iterator();
    };
    return { routingKey, arguments: args };
  };
  const wanted = binding('k');
  const key = propertiesKey(wanted);
  hashed.length = 0;
  expect(findByPropertiesKey(key, [binding('other'), wanted])).toBe(wanted);
  expect(new Set(hashed)).toEqual(new Set(['k']));
});
