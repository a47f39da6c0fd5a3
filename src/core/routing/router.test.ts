import { describe, expect, it } from 'vitest';
import { tableOf } from '../../codec/field-table.ts';
import { ChannelError, ConnectionError } from '../errors.ts';
import { createRouter, ROUTER_TYPES, type RouterType, routerType } from './create-router.ts';
import type { RoutedMessage, Router, RouterBinding } from './router.ts';

const NO_ARGS = tableOf({});
const random = { uint32: () => 0 };

function binding(destination: string, routingKey: string, args = NO_ARGS): RouterBinding<string> {
  return { destination, routingKey, arguments: args };
}

function message(routingKey: string): RoutedMessage {
  return { routingKey, headers: () => undefined, properties: () => ({}) };
}

function routesOf(router: Router<string>, routingKey: string): string[] {
  const into: string[] = [];
  router.route(message(routingKey), into);
  return into;
}

function routerOf(type: RouterType): Router<string> {
  return createRouter<string>(type, tableOf({ 'x-delayed-type': 'direct' }), random);
}

function failure(type: RouterType, args = NO_ARGS): { name: string; replyCode: number; message: string } {
  try {
    createRouter<string>(type, args, random);
  } catch (error) {
    if (error instanceof ChannelError || error instanceof ConnectionError) return error;
    throw error;
  }
  throw new Error(`type '${type}' was accepted`);
}

describe.each([...ROUTER_TYPES])('a router of type %s', (type) => {
  // A key that every type takes: consistent hash wants a number.
  const key = '1';

  it('routes nothing before the first binding and after the last one is gone', () => {
    const router = routerOf(type);
    expect(routesOf(router, key)).toEqual([]);
    const orders = binding('orders', key);
    router.add(orders);
    expect(routesOf(router, key)).toEqual(['orders']);
    router.remove(orders);
    expect(routesOf(router, key)).toEqual([]);
  });

  it('keeps one binding of a destination when another one goes', () => {
    const router = routerOf(type);
    const plain = binding('orders', key);
    const noted = binding('orders', key, tableOf({ 'x-match': 'all', 'x-note': 1 }));
    router.add(plain);
    router.add(noted);
    router.remove(noted);
    expect(routesOf(router, key)).toEqual(['orders']);
    router.remove(plain);
    expect(routesOf(router, key)).toEqual([]);
  });

  it('refuses to remove what is not bound', () => {
    const router = routerOf(type);
    const orders = binding('orders', key);
    expect(() => router.remove(orders)).toThrow('does not have');
    router.add(binding('invoices', key));
    expect(() => router.remove(orders)).toThrow('does not have');
    expect(routesOf(router, key)).toEqual(['invoices']);
  });

  it('appends to what the caller has already', () => {
    const router = routerOf(type);
    router.add(binding('orders', key));
    const into = ['audit'];
    router.route(message(key), into);
    expect(into).toEqual(['audit', 'orders']);
  });
});

describe('a direct router', () => {
  it('gives a message to the destinations that are bound with its routing key', () => {
    const router = routerOf('direct');
    const one = binding('one', 'red');
    for (const added of [one, binding('two', 'red'), binding('three', 'blue')]) router.add(added);
    expect(routesOf(router, 'red').sort()).toEqual(['one', 'two']);
    expect(routesOf(router, 'blue')).toEqual(['three']);
    expect(routesOf(router, 'Red')).toEqual([]);
    router.remove(one);
    expect(routesOf(router, 'red')).toEqual(['two']);
  });
});

describe('a fanout router', () => {
  it.each(['fanout', 'x-recent-history'] as const)(
    'gives a message to every destination once (%s)',
    (type) => {
      const router = routerOf(type);
      const [red, blue] = [binding('one', 'red'), binding('one', 'blue')];
      for (const added of [red, blue, binding('two', '')]) router.add(added);
      expect(routesOf(router, 'any')).toEqual(['one', 'two']);
      router.remove(red);
      expect(routesOf(router, 'any')).toEqual(['one', 'two']);
      router.remove(blue);
      expect(routesOf(router, 'any')).toEqual(['two']);
    },
  );
});

describe('a random router', () => {
  it('gives each message to one destination, drawn anew', () => {
    const drawn = [0, 0x5555_5556, 0xffff_ffff];
    const router = createRouter<string>('x-random', NO_ARGS, { uint32: () => drawn.shift() ?? 0 });
    for (const queue of ['one', 'two', 'three']) router.add(binding(queue, ''));
    expect([routesOf(router, ''), routesOf(router, ''), routesOf(router, '')]).toEqual([
      ['one'],
      ['two'],
      ['three'],
    ]);
    expect(router.dependsOnHeaders).toBe(true);
  });
});

describe('a modulus hash router', () => {
  it('gives equal routing keys to the same one destination, and uses all of them', () => {
    const router = routerOf('x-modulus-hash');
    for (const queue of ['one', 'two', 'three']) router.add(binding(queue, ''));
    const used = new Set<string>();
    for (let key = 0; key < 100; key++) {
      const first = routesOf(router, `key-${key}`);
      expect(first).toHaveLength(1);
      expect(routesOf(router, `key-${key}`)).toEqual(first);
      used.add(first[0]!);
    }
    expect([...used].sort()).toEqual(['one', 'three', 'two']);
  });
});

describe('routerType', () => {
  it('refuses an unknown type with 503, which closes the connection', () => {
    expect(() => routerType('constructor')).toThrow(ConnectionError);
    expect(() => routerType('x-unknown')).toThrow("COMMAND_INVALID - unknown exchange type 'x-unknown'");
  });
});

describe('createRouter', () => {
  it('routes a delayed exchange as the type in x-delayed-type', () => {
    const router = createRouter<string>('x-delayed-message', tableOf({ 'x-delayed-type': 'topic' }), random);
    router.add(binding('orders', 'order.*'));
    expect(routesOf(router, 'order.new')).toEqual(['orders']);
    expect(routesOf(router, 'order')).toEqual([]);
  });

  it('refuses a delayed exchange without a type to route as', () => {
    const text = "'x-delayed-type' must be an existing exchange type";
    for (const args of [{}, { 'x-delayed-type': 5 }, { 'x-delayed-type': 'x-delayed-message' }]) {
      const error = failure('x-delayed-message', tableOf(args));
      expect(error).toMatchObject({ name: 'ChannelError', replyCode: 406 });
      expect(error.message).toContain(text);
    }
    expect(failure('x-delayed-message', tableOf({ 'x-delayed-type': 'nothing' })).replyCode).toBe(503);
  });

  it('tells which types look at each of several routing keys', () => {
    const each = ROUTER_TYPES.filter((type) => routerOf(type).routesEachKey);
    expect(each).toEqual(['direct', 'topic', 'x-delayed-message']);
  });

  it('tells which types a caller must ask for each message', () => {
    const asking = ROUTER_TYPES.filter((type) => routerOf(type).dependsOnHeaders);
    expect(asking).toEqual(['headers', 'x-random']);
  });
});
