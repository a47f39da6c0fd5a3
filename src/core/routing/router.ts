import type { FieldTable } from '../../codec/field-table.ts';
import type { BasicProperties } from '../../codec/properties.ts';
import type { Random } from '../environment.ts';
import { commandInvalid, preconditionFailed } from '../failures.ts';
import { ConsistentHashRouter } from './consistent-hash-router.ts';
import { DirectRouter } from './direct-router.ts';
import { FanoutRouter } from './fanout-router.ts';
import { HeadersRouter } from './headers-router.ts';
import { ModulusHashRouter } from './modulus-hash-router.ts';
import { RandomRouter } from './random-router.ts';
import { TopicRouter } from './topic-router.ts';

/** What a router may ask of a message. The calls decode, so a router that can do without them must not make them. */
export interface RoutedMessage {
  readonly routingKey: string;
  headers(): FieldTable | undefined;
  properties(): BasicProperties;
}

/**
 * The bindings of one exchange, and the rule of its type. `D` is a destination (queue or exchange), compared by identity.
 *
 * One destination may be bound many times with other keys or arguments; each binding is added and removed on its own.
 */
export interface Router<D> {
  /**
   * False: equal routing keys give equal results until the next `add` or `remove`, so that a caller may remember them.
   * True: each message has to be routed, because its headers, its properties or chance decide.
   */
  readonly dependsOnHeaders: boolean;
  /**
   * True: a message with several routing keys (CC, BCC) is to be routed once per key.
   * False: the further keys have no say, and a caller routes once, with the first. Routing again would give a
   * message to two queues of a type that promises one.
   */
  readonly routesEachKey: boolean;
  /** Throws a channel error 406 when a binding with this key and these arguments makes no sense for the type. */
  validate?(args: FieldTable, routingKey: string): void;
  /** The caller guarantees that the same (destination, routingKey, args) is not bound yet, and was validated. */
  add(destination: D, routingKey: string, args: FieldTable): void;
  /** Throws when there is no such binding: the caller has lost count, which is a bug. */
  remove(destination: D, routingKey: string, args: FieldTable): void;
  /** Appends the destinations of the message to `into`; one that is bound twice may stand there twice. */
  route(message: RoutedMessage, into: D[]): void;
}

/** The names that exchange.declare accepts as a type. */
export const ROUTER_TYPES: readonly string[] = [
  'direct',
  'fanout',
  'topic',
  'headers',
  'x-consistent-hash',
  'x-delayed-message',
  'x-modulus-hash',
  'x-random',
  'x-recent-history',
];

/**
 * A router without bindings for an exchange of `type`. What the type keeps beside bindings (the delayed messages of
 * x-delayed-message, the last ones of x-recent-history) is the exchange's, not the router's.
 *
 * Throws a connection error 503 for an unknown type, and a channel error 406 for exchange arguments that it refuses.
 */
export function createRouter<D>(type: string, args: FieldTable, random: Random): Router<D> {
  switch (type) {
    case 'direct':
      return new DirectRouter<D>();
    case 'fanout':
    case 'x-recent-history':
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
    default:
      throw commandInvalid(`unknown exchange type '${type}': expected one of ${ROUTER_TYPES.join(', ')}`);
  }
}

/** The type that an x-delayed-message exchange routes as, once a message is due. */
function delayedType(args: FieldTable): string {
  const type = args.get('x-delayed-type')?.value;
  // A delayed exchange that is delayed by itself would never end.
  if (typeof type === 'string' && type !== 'x-delayed-message') return type;
  const found =
    typeof type === 'string' ? `'${type}'` : type === undefined ? 'none' : 'a value that is no string';
  throw preconditionFailed(
    `Invalid argument, 'x-delayed-type' must be an existing exchange type: found ${found}, ` +
      'expected direct, fanout, topic, headers or another type but x-delayed-message',
  );
}
