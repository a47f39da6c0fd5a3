import type { FieldTable } from '../../codec/field-table.ts';
import type { BasicProperties } from '../../codec/properties.ts';

/** What a router may ask of a message. The calls decode, so a router that can do without them must not make them. */
export interface RoutedMessage {
  readonly routingKey: string;
  headers(): FieldTable | undefined;
  properties(): BasicProperties;
}

/** One binding of an exchange. It is removed by its identity: whether two of them mean the same is the caller's matter. */
export interface RouterBinding<D> {
  readonly destination: D;
  readonly routingKey: string;
  readonly arguments: FieldTable;
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
  /**
   * The caller guarantees that the binding was validated and not added yet. `slot` is what `slotOf` said of the same
   * binding before a restart; a type without slots ignores it.
   */
  add(binding: RouterBinding<D>, slot?: number): void;
  /** The number that decides which messages the binding gets, for types that give it one and keep it as others come and go. */
  slotOf?(binding: RouterBinding<D>): number;
  /** Takes the very object that was added. Throws when it was not: the caller has lost count, which is a bug. */
  remove(binding: RouterBinding<D>): void;
  /** Appends the destinations of the message to `into`; one that is bound twice may stand there twice. */
  route(message: RoutedMessage, into: D[]): void;
  /**
   * Why `route` does what it does with this message: says of each binding that was added whether it takes the message. Holds
   * until the next `add` or `remove`. For people to read: it may decode and allocate.
   */
  explain(message: RoutedMessage): (binding: RouterBinding<D>) => BindingVerdict;
}

/** Whether one binding takes a message. */
export interface BindingVerdict {
  /** Undefined: chance decides, anew for each message. */
  readonly matches: boolean | undefined;
  /** Why, for people to read. */
  readonly why: string;
}
