/**
 * Every method of AMQP 0-9-1 and of RabbitMQ's extensions to it: the single source of truth for their ids, arguments and
 * types. Arguments stand in the order of the wire; consecutive bits share an octet, the first in its lowest bit.
 * "C" or "S" says who may send the method, client or server; "R" marks what is RabbitMQ's.
 */
import type { FieldTable } from './field-table.ts';

export const METHODS = {
  'connection.start': /* S */ {
    classId: 10,
    methodId: 10,
    arguments: {
      versionMajor: 'octet',
      versionMinor: 'octet',
      serverProperties: 'table',
      mechanisms: 'longstr',
      locales: 'longstr',
    },
  },
  'connection.start-ok': /* C */ {
    classId: 10,
    methodId: 11,
    arguments: { clientProperties: 'table', mechanism: 'shortstr', response: 'longstr', locale: 'shortstr' },
  },
  'connection.secure': /* S */ { classId: 10, methodId: 20, arguments: { challenge: 'longstr' } },
  'connection.secure-ok': /* C */ { classId: 10, methodId: 21, arguments: { response: 'longstr' } },
  'connection.tune': /* S */ {
    classId: 10,
    methodId: 30,
    arguments: { channelMax: 'short', frameMax: 'long', heartbeat: 'short' },
  },
  'connection.tune-ok': /* C */ {
    classId: 10,
    methodId: 31,
    arguments: { channelMax: 'short', frameMax: 'long', heartbeat: 'short' },
  },
  'connection.open': /* C */ {
    classId: 10,
    methodId: 40,
    arguments: { virtualHost: 'shortstr', reserved1: 'reserved shortstr', reserved2: 'reserved bit' },
  },
  'connection.open-ok': /* S */ { classId: 10, methodId: 41, arguments: { reserved1: 'reserved shortstr' } },
  'connection.close': /* C S */ {
    classId: 10,
    methodId: 50,
    arguments: { replyCode: 'short', replyText: 'shortstr', classId: 'short', methodId: 'short' },
  },
  'connection.close-ok': /* C S */ { classId: 10, methodId: 51, arguments: {} },
  'connection.blocked': /* S, R */ { classId: 10, methodId: 60, arguments: { reason: 'shortstr' } },
  'connection.unblocked': /* S, R */ { classId: 10, methodId: 61, arguments: {} },
  'connection.update-secret': /* C, R */ {
    classId: 10,
    methodId: 70,
    arguments: { newSecret: 'longstr', reason: 'shortstr' },
  },
  'connection.update-secret-ok': /* S, R */ { classId: 10, methodId: 71, arguments: {} },

  'channel.open': /* C */ { classId: 20, methodId: 10, arguments: { reserved1: 'reserved shortstr' } },
  'channel.open-ok': /* S */ { classId: 20, methodId: 11, arguments: { reserved1: 'reserved longstr' } },
  'channel.flow': /* C S */ { classId: 20, methodId: 20, arguments: { active: 'bit' } },
  'channel.flow-ok': /* C S */ { classId: 20, methodId: 21, arguments: { active: 'bit' } },
  'channel.close': /* C S */ {
    classId: 20,
    methodId: 40,
    arguments: { replyCode: 'short', replyText: 'shortstr', classId: 'short', methodId: 'short' },
  },
  'channel.close-ok': /* C S */ { classId: 20, methodId: 41, arguments: {} },

  // Of AMQP 0-8 and 0-9. RabbitMQ still answers it, and some old clients still ask.
  'access.request': /* C, R */ {
    classId: 30,
    methodId: 10,
    arguments: {
      realm: 'shortstr',
      exclusive: 'bit',
      passive: 'bit',
      active: 'bit',
      write: 'bit',
      read: 'bit',
    },
  },
  'access.request-ok': /* S, R */ { classId: 30, methodId: 11, arguments: { ticket: 'short' } },

  'exchange.declare': /* C */ {
    classId: 40,
    methodId: 10,
    arguments: {
      reserved1: 'reserved short',
      exchange: 'shortstr',
      type: 'shortstr',
      passive: 'bit',
      durable: 'bit',
      autoDelete: 'bit', // R: reserved-2 in AMQP
      internal: 'bit', // R: reserved-3 in AMQP
      noWait: 'bit',
      arguments: 'table',
    },
  },
  'exchange.declare-ok': /* S */ { classId: 40, methodId: 11, arguments: {} },
  'exchange.delete': /* C */ {
    classId: 40,
    methodId: 20,
    arguments: { reserved1: 'reserved short', exchange: 'shortstr', ifUnused: 'bit', noWait: 'bit' },
  },
  'exchange.delete-ok': /* S */ { classId: 40, methodId: 21, arguments: {} },
  'exchange.bind': /* C, R */ {
    classId: 40,
    methodId: 30,
    arguments: {
      reserved1: 'reserved short',
      destination: 'shortstr',
      source: 'shortstr',
      routingKey: 'shortstr',
      noWait: 'bit',
      arguments: 'table',
    },
  },
  'exchange.bind-ok': /* S, R */ { classId: 40, methodId: 31, arguments: {} },
  'exchange.unbind': /* C, R */ {
    classId: 40,
    methodId: 40,
    arguments: {
      reserved1: 'reserved short',
      destination: 'shortstr',
      source: 'shortstr',
      routingKey: 'shortstr',
      noWait: 'bit',
      arguments: 'table',
    },
  },
  'exchange.unbind-ok': /* S, R */ { classId: 40, methodId: 51, arguments: {} },

  'queue.declare': /* C */ {
    classId: 50,
    methodId: 10,
    arguments: {
      reserved1: 'reserved short',
      queue: 'shortstr',
      passive: 'bit',
      durable: 'bit',
      exclusive: 'bit',
      autoDelete: 'bit',
      noWait: 'bit',
      arguments: 'table',
    },
  },
  'queue.declare-ok': /* S */ {
    classId: 50,
    methodId: 11,
    arguments: { queue: 'shortstr', messageCount: 'long', consumerCount: 'long' },
  },
  'queue.bind': /* C */ {
    classId: 50,
    methodId: 20,
    arguments: {
      reserved1: 'reserved short',
      queue: 'shortstr',
      exchange: 'shortstr',
      routingKey: 'shortstr',
      noWait: 'bit',
      arguments: 'table',
    },
  },
  'queue.bind-ok': /* S */ { classId: 50, methodId: 21, arguments: {} },
  'queue.purge': /* C */ {
    classId: 50,
    methodId: 30,
    arguments: { reserved1: 'reserved short', queue: 'shortstr', noWait: 'bit' },
  },
  'queue.purge-ok': /* S */ { classId: 50, methodId: 31, arguments: { messageCount: 'long' } },
  'queue.delete': /* C */ {
    classId: 50,
    methodId: 40,
    arguments: {
      reserved1: 'reserved short',
      queue: 'shortstr',
      ifUnused: 'bit',
      ifEmpty: 'bit',
      noWait: 'bit',
    },
  },
  'queue.delete-ok': /* S */ { classId: 50, methodId: 41, arguments: { messageCount: 'long' } },
  'queue.unbind': /* C */ {
    classId: 50,
    methodId: 50,
    arguments: {
      reserved1: 'reserved short',
      queue: 'shortstr',
      exchange: 'shortstr',
      routingKey: 'shortstr',
      arguments: 'table',
    },
  },
  'queue.unbind-ok': /* S */ { classId: 50, methodId: 51, arguments: {} },

  'basic.qos': /* C */ {
    classId: 60,
    methodId: 10,
    arguments: { prefetchSize: 'long', prefetchCount: 'short', global: 'bit' },
  },
  'basic.qos-ok': /* S */ { classId: 60, methodId: 11, arguments: {} },
  'basic.consume': /* C */ {
    classId: 60,
    methodId: 20,
    arguments: {
      reserved1: 'reserved short',
      queue: 'shortstr',
      consumerTag: 'shortstr',
      noLocal: 'bit',
      noAck: 'bit',
      exclusive: 'bit',
      noWait: 'bit',
      arguments: 'table',
    },
  },
  'basic.consume-ok': /* S */ { classId: 60, methodId: 21, arguments: { consumerTag: 'shortstr' } },
  // The server sends it (R) when a queue goes away under its consumer.
  'basic.cancel': /* C S */ {
    classId: 60,
    methodId: 30,
    arguments: { consumerTag: 'shortstr', noWait: 'bit' },
  },
  'basic.cancel-ok': /* C S */ { classId: 60, methodId: 31, arguments: { consumerTag: 'shortstr' } },
  'basic.publish': /* C, content follows */ {
    classId: 60,
    methodId: 40,
    arguments: {
      reserved1: 'reserved short',
      exchange: 'shortstr',
      routingKey: 'shortstr',
      mandatory: 'bit',
      immediate: 'bit',
    },
  },
  'basic.return': /* S, content follows */ {
    classId: 60,
    methodId: 50,
    arguments: { replyCode: 'short', replyText: 'shortstr', exchange: 'shortstr', routingKey: 'shortstr' },
  },
  'basic.deliver': /* S, content follows */ {
    classId: 60,
    methodId: 60,
    arguments: {
      consumerTag: 'shortstr',
      deliveryTag: 'longlong',
      redelivered: 'bit',
      exchange: 'shortstr',
      routingKey: 'shortstr',
    },
  },
  'basic.get': /* C */ {
    classId: 60,
    methodId: 70,
    arguments: { reserved1: 'reserved short', queue: 'shortstr', noAck: 'bit' },
  },
  'basic.get-ok': /* S, content follows */ {
    classId: 60,
    methodId: 71,
    arguments: {
      deliveryTag: 'longlong',
      redelivered: 'bit',
      exchange: 'shortstr',
      routingKey: 'shortstr',
      messageCount: 'long',
    },
  },
  'basic.get-empty': /* S */ { classId: 60, methodId: 72, arguments: { reserved1: 'reserved shortstr' } },
  // The server sends it, and basic.nack, as a publisher confirm (R).
  'basic.ack': /* C S */ {
    classId: 60,
    methodId: 80,
    arguments: { deliveryTag: 'longlong', multiple: 'bit' },
  },
  'basic.reject': /* C */ {
    classId: 60,
    methodId: 90,
    arguments: { deliveryTag: 'longlong', requeue: 'bit' },
  },
  'basic.recover-async': /* C */ { classId: 60, methodId: 100, arguments: { requeue: 'bit' } },
  'basic.recover': /* C */ { classId: 60, methodId: 110, arguments: { requeue: 'bit' } },
  'basic.recover-ok': /* S */ { classId: 60, methodId: 111, arguments: {} },
  'basic.nack': /* C S, R */ {
    classId: 60,
    methodId: 120,
    arguments: { deliveryTag: 'longlong', multiple: 'bit', requeue: 'bit' },
  },

  'confirm.select': /* C, R */ { classId: 85, methodId: 10, arguments: { noWait: 'bit' } },
  'confirm.select-ok': /* S, R */ { classId: 85, methodId: 11, arguments: {} },

  'tx.select': /* C */ { classId: 90, methodId: 10, arguments: {} },
  'tx.select-ok': /* S */ { classId: 90, methodId: 11, arguments: {} },
  'tx.commit': /* C */ { classId: 90, methodId: 20, arguments: {} },
  'tx.commit-ok': /* S */ { classId: 90, methodId: 21, arguments: {} },
  'tx.rollback': /* C */ { classId: 90, methodId: 30, arguments: {} },
  'tx.rollback-ok': /* S */ { classId: 90, methodId: 31, arguments: {} },
} as const;

/** The domains of AMQP (section 1.1 "domains") that methods use, each with the TypeScript type of its values. */
interface DomainTypes {
  octet: number;
  short: number;
  long: number;
  /** Exact up to 2^53. */
  longlong: number;
  bit: boolean;
  shortstr: string;
  longstr: Uint8Array;
  table: FieldTable;
}

export type Domain = keyof DomainTypes;

/** A reserved argument is written as zero, skipped when read, and has no place in the types. */
export type ArgumentDomain = Domain | `reserved ${Domain}`;

export type MethodName = keyof typeof METHODS;

type ArgumentDomains<N extends MethodName> = (typeof METHODS)[N]['arguments'];

export type MethodArguments<N extends MethodName> = {
  -readonly [A in keyof ArgumentDomains<N> as ArgumentDomains<N>[A] extends Domain
    ? A
    : never]: ArgumentDomains<N>[A] extends Domain ? DomainTypes[ArgumentDomains<N>[A]] : never;
};

/** A method with its arguments, told apart by `name`. */
export type Method = { [N in MethodName]: { name: N } & MethodArguments<N> }[MethodName];

/** Class and method id in one number, as they stand in the first four bytes of a method frame's payload. */
export function methodKey(name: MethodName): number {
  const { classId, methodId } = METHODS[name];
  return (classId << 16) | methodId;
}

/** The class of all methods that carry content, and of every content header. */
export const BASIC_CLASS_ID = 60;

export const BASIC_PUBLISH: number = methodKey('basic.publish');
export const BASIC_RETURN: number = methodKey('basic.return');
export const BASIC_DELIVER: number = methodKey('basic.deliver');
export const BASIC_GET_OK: number = methodKey('basic.get-ok');
export const BASIC_ACK: number = methodKey('basic.ack');
export const BASIC_NACK: number = methodKey('basic.nack');
