import { describe, expect, it } from 'vitest';
import { tableOf } from '../../codec/field-table.ts';
import { ChannelError, ConnectionError } from '../errors.ts';
import { createRouter, ROUTER_TYPES } from './create-router.ts';
import type { RoutedMessage, Router } from './router.ts';

const NO_ARGS = tableOf({});
const random = { uint32: () => 0 };

function message(routingKey: string): RoutedMessage {
  return { routingKey, headers: () => undefined, properties: () => ({}) };
}

function routesOf(router: Router<string>, routingKey: string): string[] {
  const into: string[] = [];
  router.route(message(routingKey), into);
  return into;
}

function routerOf(type: string): Router<string> {
  return createRouter<string>(type, tableOf({ 'x-delayed-type': 'direct' }), random);
}

function failure(type: string, args = NO_ARGS): { name: string; replyCode: number; message: string } {
  try {
    createRouter<string>(type, args, random);
  } catch (error) {
    if (error instanceof ChannelError || error instanceof ConnectionError) return error;
    throw error;
  }
  throw new Error(`type '${type}' was accepted`);
}

describe.each(ROUTER_TYPES)('a router of type %s', (type) => {
  // A key that every type takes: consistent hash wants a number.
  const key = '1';

  it('routes nothing before the first binding and after the last one is gone', () => {
    const router = routerOf(type);
    expect(routesOf(router, key)).toEqual([]);
    router.add('orders', key, NO_ARGS);
    expect(routesOf(router, key)).toEqual(['orders']);
    router.remove('orders', key, NO_ARGS);
    expect(routesOf(router, key)).toEqual([]);
  });

  it('keeps one binding of a destination when another one goes', () => {
    const router = routerOf(type);
    const args = tableOf({ 'x-match': 'all', 'x-note': 1 });
    router.add('orders', key, NO_ARGS);
    router.add('orders', key, args);
    router.remove('orders', key, args);
    expect(routesOf(router, key)).toEqual(['orders']);
    router.remove('orders', key, NO_ARGS);
    expect(routesOf(router, key)).toEqual([]);
  });

  it('refuses to remove what is not bound', () => {
    const router = routerOf(type);
    expect(() => router.remove('orders', key, NO_ARGS)).toThrow('does not have');
    router.add('invoices', key, NO_ARGS);
    expect(() => router.remove('orders', key, NO_ARGS)).toThrow('does not have');
    expect(routesOf(router, key)).toEqual(['invoices']);
  });

  it('appends to what the caller has already', () => {
    const router = routerOf(type);
    router.add('orders', key, NO_ARGS);
    const into = ['audit'];
    router.route(message(key), into);
    expect(into).toEqual(['audit', 'orders']);
  });
});

describe('a direct router', () => {
  it('gives a message to the destinations that are bound with its routing key', () => {
    const router = routerOf('direct');
    router.add('one', 'red', NO_ARGS);
    router.add('two', 'red', NO_ARGS);
    router.add('three', 'blue', NO_ARGS);
    expect(routesOf(router, 'red').sort()).toEqual(['one', 'two']);
    expect(routesOf(router, 'blue')).toEqual(['three']);
    expect(routesOf(router, 'Red')).toEqual([]);
    router.remove('one', 'red', NO_ARGS);
    expect(routesOf(router, 'red')).toEqual(['two']);
  });
});

describe('a fanout router', () => {
  it.each(['fanout', 'x-recent-history'])('gives a message to every destination once (%s)', (type) => {
    const router = routerOf(type);
    router.add('one', 'red', NO_ARGS);
    router.add('one', 'blue', NO_ARGS);
    router.add('two', '', NO_ARGS);
    expect(routesOf(router, 'any')).toEqual(['one', 'two']);
    router.remove('one', 'red', NO_ARGS);
    expect(routesOf(router, 'any')).toEqual(['one', 'two']);
    router.remove('one', 'blue', NO_ARGS);
    expect(routesOf(router, 'any')).toEqual(['two']);
  });
});

describe('a random router', () => {
  it('gives each message to one destination, drawn anew', () => {
    const drawn = [0, 0x5555_5556, 0xffff_ffff];
    const router = createRouter<string>('x-random', NO_ARGS, { uint32: () => drawn.shift() ?? 0 });
    for (const queue of ['one', 'two', 'three']) router.add(queue, '', NO_ARGS);
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
    for (const queue of ['one', 'two', 'three']) router.add(queue, '', NO_ARGS);
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

describe('createRouter', () => {
  it('refuses an unknown type with 503, which closes the connection', () => {
    expect(failure('x-unknown')).toMatchObject({ name: 'ConnectionError', replyCode: 503 });
    expect(failure('x-unknown').message).toContain("unknown exchange type 'x-unknown'");
    expect(failure('constructor').replyCode).toBe(503);
  });

  it('routes a delayed exchange as the type in x-delayed-type', () => {
    const router = createRouter<string>('x-delayed-message', tableOf({ 'x-delayed-type': 'topic' }), random);
    router.add('orders', 'order.*', NO_ARGS);
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
