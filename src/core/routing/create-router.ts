import type { FieldTable } from '../../codec/field-table.ts';
import type { Random } from '../environment.ts';
import { commandInvalid, preconditionFailed } from '../failures.ts';
import { ConsistentHashRouter } from './consistent-hash-router.ts';
import { DirectRouter } from './direct-router.ts';
import { FanoutRouter } from './fanout-router.ts';
import { HeadersRouter } from './headers-router.ts';
import { ModulusHashRouter } from './modulus-hash-router.ts';
import { RandomRouter } from './random-router.ts';
import type { Router } from './router.ts';
import { TopicRouter } from './topic-router.ts';

/** The names that exchange.declare accepts as a type. */
export const ROUTER_TYPES = [
  'direct',
  'fanout',
  'topic',
  'headers',
  'x-consistent-hash',
  'x-delayed-message',
  'x-message-deduplication',
  'x-modulus-hash',
  'x-random',
  'x-recent-history',
] as const;

export type RouterType = (typeof ROUTER_TYPES)[number];

/** The exchange type of this name, or a connection error 503. */
export function routerType(name: string): RouterType {
  const type = ROUTER_TYPES.find((known) => known === name);
  if (type !== undefined) return type;
  throw commandInvalid(`unknown exchange type '${name}': expected one of ${ROUTER_TYPES.join(', ')}`);
}

/**
 * A router without bindings for an exchange of `type`. What the type keeps beside bindings (the delayed messages of
 * x-delayed-message, the last ones of x-recent-history) is the exchange's, not the router's.
 *
 * Throws a channel error 406 for exchange arguments that the type refuses, and a connection error 503 for an
 * x-delayed-type that does not exist.
 */
export function createRouter<D>(type: RouterType, args: FieldTable, random: Random): Router<D> {
  switch (type) {
    case 'direct':
      return new DirectRouter<D>();
    case 'fanout':
    case 'x-recent-history':
    case 'x-message-deduplication':
      return new FanoutRouter<D>();
    case 'topic':
      return new TopicRouter<D>();
    case 'headers':
      return new HeadersRouter<D>();
    case 'x-consistent-hash':
      return new ConsistentHashRouter<D>(args);
    case 'x-modulus-hash':
      return new ModulusHashRouter<D>();
    case 'x-random':
      return new RandomRouter<D>(random);
    case 'x-delayed-message':
      return createRouter<D>(delayedType(args), args, random);
  }
}

/** The type that an x-delayed-message exchange routes as, once a message is due. */
function delayedType(args: FieldTable): RouterType {
  const type = args.get('x-delayed-type')?.value;
  // A delayed exchange that is delayed by itself would never end.
  if (typeof type === 'string' && type !== 'x-delayed-message') return routerType(type);
  const found =
    typeof type === 'string' ? `'${type}'` : type === undefined ? 'none' : 'a value that is no string';
  throw preconditionFailed(
    `Invalid argument, 'x-delayed-type' must be an existing exchange type: found ${found}, ` +
      'expected direct, fanout, topic, headers or another type but x-delayed-message',
  );
}
