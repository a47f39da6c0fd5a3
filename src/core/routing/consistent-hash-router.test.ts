import { describe, expect, it } from 'vitest';
import { type PlainValue, tableOf } from '../../codec/field-table.ts';
import type { BasicProperties } from '../../codec/properties.ts';
import { ChannelError } from '../errors.ts';
import { ConsistentHashRouter } from './consistent-hash-router.ts';
import type { RoutedMessage, RouterBinding } from './router.ts';

const NO_ARGS = tableOf({});
const KEYS = Array.from({ length: 20_000 }, (_, index) => `customer-${index}`);

function binding(queue: string, weight: number): RouterBinding<string> {
  return { destination: queue, routingKey: String(weight), arguments: NO_ARGS };
}

function routerOf(...bindings: readonly RouterBinding<string>[]): ConsistentHashRouter<string> {
  const router = new ConsistentHashRouter<string>(NO_ARGS);
  for (const added of bindings) router.add(added);
  return router;
}

function routerWith(weights: Readonly<Record<string, number>>): ConsistentHashRouter<string> {
  return routerOf(...Object.entries(weights).map(([queue, weight]) => binding(queue, weight)));
}

function keyed(routingKey: string): RoutedMessage {
  return { routingKey, headers: () => undefined, properties: () => ({}) };
}

function routeOf(router: ConsistentHashRouter<string>, message: RoutedMessage): string {
  const into: string[] = [];
  router.route(message, into);
  if (into.length !== 1) throw new Error(`Expected one destination, found ${into.length}`);
  return into[0]!;
}

function routesOfAllKeys(router: ConsistentHashRouter<string>): string[] {
  return KEYS.map((key) => routeOf(router, keyed(key)));
}

function countOf(routes: readonly string[], queue: string): number {
  return routes.filter((route) => route === queue).length;
}

describe('ConsistentHashRouter', () => {
  it('shares the keys by weight', () => {
    const routes = routesOfAllKeys(routerWith({ one: 1, two: 2, five: 5 }));
    for (const [queue, weight] of [
      ['one', 1],
      ['two', 2],
      ['five', 5],
    ] as const) {
      const expected = (KEYS.length * weight) / 8;
      expect(Math.abs(countOf(routes, queue) - expected)).toBeLessThan(expected * 0.08);
    }
  });

  it('gives the same key to the same destination in every process', () => {
    const router = routerWith({ one: 1, two: 1, three: 1 });
    const routes = ['', 'a', 'b', 'c', 'd', 'customer-1', 'customer-2'].map((key) =>
      routeOf(router, keyed(key)),
    );
    expect(routes).toEqual(['two', 'three', 'three', 'one', 'three', 'two', 'one']);
  });

  it('moves only what a new destination wins', () => {
    const router = routerWith({ one: 1, two: 3, three: 1 });
    const before = routesOfAllKeys(router);
    router.add(binding('four', 2));
    const after = routesOfAllKeys(router);
    expect(after.every((queue, index) => queue === 'four' || queue === before[index])).toBe(true);
    expect(countOf(after, 'four')).toBeGreaterThan(0);
  });

  it('moves only what a removed destination had, and puts it back when it returns', () => {
    const two = binding('two', 3);
    const router = routerOf(binding('one', 1), two, binding('three', 1));
    const before = routesOfAllKeys(router);
    router.remove(two);
    const without = routesOfAllKeys(router);
    expect(without.every((queue, index) => before[index] === 'two' || queue === before[index])).toBe(true);
    router.add(binding('two', 3));
    expect(routesOfAllKeys(router)).toEqual(before);
  });

  it('removes one of several bindings of a destination', () => {
    const [light, heavy] = [binding('one', 1), binding('one', 7)];
    const router = routerOf(light, heavy);
    router.remove(light);
    expect(() => router.remove(light)).toThrow('does not have');
    router.remove(heavy);
    const into: string[] = [];
    router.route(keyed('a'), into);
    expect(into).toEqual([]);
  });

  it.each(['message_id', 'correlation_id', 'timestamp'])(
    'hashes the property %s instead of the key',
    (property) => {
      const router = new ConsistentHashRouter<string>(tableOf({ 'hash-property': property }));
      for (const queue of ['one', 'two', 'three']) router.add(binding(queue, 1));
      const properties = (value: number): BasicProperties =>
        property === 'timestamp'
          ? { timestamp: value }
          : { messageId: `${value}`, correlationId: `${value}` };
      const routes = (routingKey: string): string[] =>
        KEYS.slice(0, 100).map((_, index) =>
          routeOf(router, { routingKey, headers: () => undefined, properties: () => properties(index) }),
        );
      expect(router.dependsOnHeaders).toBe(true);
      expect(routes('a')).toEqual(routes('b'));
      expect(new Set(routes('a')).size).toBe(3);
    },
  );

  it('hashes a header instead of the key, and messages without it alike', () => {
    const router = new ConsistentHashRouter<string>(tableOf({ 'hash-header': 'customer' }));
    for (const queue of ['one', 'two', 'three']) router.add(binding(queue, 1));
    const route = (headers: { [key: string]: PlainValue }, routingKey = ''): string =>
      routeOf(router, { routingKey, headers: () => tableOf(headers), properties: () => ({}) });
    expect(new Set(KEYS.slice(0, 100).map((customer) => route({ customer }))).size).toBe(3);
    expect(new Set(KEYS.slice(0, 100).map((_, customer) => route({ customer }))).size).toBe(3);
    expect(new Set(KEYS.slice(0, 100).map((_, n) => route({ customer: new Uint8Array([n]) }))).size).toBe(3);
    expect(new Set(KEYS.slice(0, 100).map((key) => route({}, key))).size).toBe(1);
    expect(routeOf(router, keyed('a'))).toBe(route({}));
  });

  it('needs to see only the routing key without hash-header and hash-property', () => {
    expect(new ConsistentHashRouter<string>(NO_ARGS).dependsOnHeaders).toBe(false);
  });

  it.each([
    ['', 'must be an integer'],
    ['heavy', 'must be an integer'],
    ['1.5', 'must be an integer'],
    ['0', 'greater than 0'],
    ['-3', 'greater than 0'],
    ['9007199254740992', 'too large'],
  ])("refuses the weight '%s' with 406", (weight, reason) => {
    const refuse = (): void => new ConsistentHashRouter<string>(NO_ARGS).validate(NO_ARGS, weight);
    expect(refuse).toThrow(ChannelError);
    expect(refuse).toThrow(reason);
    expect(refuse).toThrow(`'${weight}'`);
  });

  it('gives the same keys to the same destinations when bindings come back to the slots they had', () => {
    const bindings = ['one', 'two', 'three', 'four'].map((queue) => binding(queue, 1));
    const before = routerOf(...bindings.slice(0, 3));
    before.remove(bindings[0]!);
    before.remove(bindings[1]!);
    before.add(bindings[3]!);
    const after = new ConsistentHashRouter<string>(NO_ARGS);
    for (const kept of [bindings[2]!, bindings[3]!]) after.add(kept, before.slotOf(kept));
    expect(routesOfAllKeys(after)).toEqual(routesOfAllKeys(before));
  });

  it('gives a binding another slot when the one it had is taken', () => {
    const router = routerWith({ one: 1 });
    const two = binding('two', 1);
    router.add(two, 0);
    expect(router.slotOf(two)).toBe(1);
    expect(countOf(routesOfAllKeys(router), 'two')).toBeGreaterThan(0);
  });

  it.each([
    [{ 'hash-header': 'a', 'hash-property': 'message_id' }, 'mutually exclusive'],
    [{ 'hash-property': 'app_id' }, "Unsupported property: hash-property is 'app_id'"],
    [{ 'hash-header': 5 }, "'hash-header' of type 'I'"],
  ])('refuses the exchange arguments %o with 406', (args: { [key: string]: PlainValue }, reason) => {
    const refuse = (): unknown => new ConsistentHashRouter<string>(tableOf(args));
    expect(refuse).toThrow(ChannelError);
    expect(refuse).toThrow(reason);
  });
});
