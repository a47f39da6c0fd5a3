import { beforeEach, describe, expect, test } from 'vitest';
import { ByteWriter } from '../../src/codec/byte-writer.ts';
import { type FieldTable, type PlainValue, tableOf } from '../../src/codec/field-table.ts';
import { Broker } from '../../src/core/broker.ts';
import {
  type Definition,
  decodeDefinition,
  encodeDefinition,
  type PolicyDefinition,
} from '../../src/core/definitions/definition.ts';
import { DefinitionSet } from '../../src/core/definitions/definition-set.ts';
import type { Page, RecordOwner } from '../../src/core/message/message-store.ts';
import { Publication } from '../../src/core/message/publication.ts';
import type { Queue } from '../../src/core/queue/queue.ts';
import { BrokerImage } from '../../src/core/recovery/broker-image.ts';
import { RestoreError } from '../../src/core/restore-definitions.ts';
import type { RouterType } from '../../src/core/routing/create-router.ts';
import type { Exchange } from '../../src/core/vhost/exchange.ts';
import type { VirtualHost } from '../../src/core/vhost/virtual-host.ts';
import { MemoryEngine } from '../../src/storage/memory-engine.ts';
import { MessageLog } from '../../src/storage/message-log.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';

/** A log that says that it survives, and keeps for the test what was defined, and which messages were to be durable. */
class DefinitionCatcher extends MessageLog {
  override readonly survives: boolean = true;
  readonly defined: Uint8Array[] = [];
  readonly durableFlags: boolean[] = [];
  owner: RecordOwner | undefined;

  override tail(recordBytes: number, durable: boolean): Page {
    this.durableFlags.push(durable);
    return super.tail(recordBytes, durable);
  }

  override define(bytes: Uint8Array, start: number, end: number): void {
    this.defined.push(bytes.slice(start, end));
  }

  override clean(owner: RecordOwner): boolean {
    this.owner = owner;
    return super.clean(owner);
  }
}

/** A broker, what it recorded, and what it reported. */
class BrokerUnderTest {
  readonly log: DefinitionCatcher = new DefinitionCatcher(new MemoryEngine());
  readonly events: string[] = [];
  readonly broker: Broker;

  /** `defined`: what a broker before it recorded. */
  constructor(defined: readonly Uint8Array[] = []) {
    const image = new BrokerImage(this.log);
    for (const bytes of defined) image.onDefinition(bytes, 0, bytes.length);
    this.broker = new Broker(
      {
        clock: new VirtualClock(0),
        random: new SeededRandom(1),
        scheduler: { requestTurn: () => {}, requestTurnAt: () => {} },
        store: this.log,
        credentials: {
          hash: (password) => `hash of ${password}`,
          verify: (password, hash, done) => done(`hash of ${password}` === hash),
        },
        onEvent: ({ text }) => this.events.push(text),
      },
      {},
      image,
    );
  }

  vhost(name = '/'): VirtualHost {
    return this.broker.vhosts.get(name) as VirtualHost;
  }

  /** All that holds now, as the broker records it for a store that drops what it recorded before. */
  recordedAgain(): Definition[] {
    this.broker.turn();
    const before = this.log.defined.length;
    this.log.owner?.recordDefinitions();
    return this.log.defined
      .splice(before)
      .map((bytes) => decodeDefinition(bytes, 0, bytes.length).definition);
  }

  /** All that holds now, as the records say it that the broker made until now. */
  recorded(): Definition[] {
    const set = new DefinitionSet();
    for (const bytes of this.log.defined) set.apply(bytes, 0, bytes.length);
    return [...set];
  }

  restarted(): BrokerUnderTest {
    return new BrokerUnderTest(this.log.defined);
  }
}

const EXCHANGE: Definition = {
  kind: 'exchange',
  vhost: '/',
  name: 'events',
  type: 'topic',
  autoDelete: false,
  internal: false,
  arguments: new Map(),
};
/** Its pattern is none. */
const POLICY: PolicyDefinition = {
  kind: 'policy',
  vhost: '/',
  name: 'short',
  pattern: '(',
  applyTo: 'queues',
  priority: 0,
  definition: tableOf({ 'max-length': 5 }),
};

function encoded(definition: Definition): Uint8Array {
  const writer = new ByteWriter();
  encodeDefinition(writer, definition, false);
  return writer.bytes.slice(0, writer.position);
}

let host: BrokerUnderTest;
let vhost: VirtualHost;

beforeEach(() => {
  host = new BrokerUnderTest();
  vhost = host.vhost();
});

function declareExchange(name: string, type: RouterType, changes: object = {}): Exchange {
  const properties = { name, type, durable: true, autoDelete: false, internal: false, arguments: new Map() };
  vhost.declareExchange({ ...properties, ...changes });
  return vhost.exchange(name);
}

function declareQueue(name: string, args: { [key: string]: PlainValue } = {}, changes: object = {}): Queue {
  const properties = { name, durable: true, autoDelete: false, exclusiveOwner: undefined };
  return vhost.declareQueue({ ...properties, arguments: tableOf(args), ...changes });
}

function bind(source: string, destination: Queue | Exchange, routingKey: string, args?: FieldTable): void {
  vhost.bind(vhost.exchange(source), destination, routingKey, args ?? new Map());
}

/** The names of what holds, without the vhost, user and permission that every broker begins with. */
function namesOf(definitions: readonly Definition[]): string[] {
  return definitions.slice(3).map((definition) => {
    if (definition.kind === 'binding') return `${definition.source} -> ${definition.destination}`;
    return `${definition.kind} ${'name' in definition ? definition.name : definition.user}`;
  });
}

/** What holds, in an order that does not tell when it was made; bindings of one exchange keep theirs, which means something. */
function inOrder(definitions: readonly Definition[]): Definition[] {
  const place = (definition: Definition): string => {
    const { kind } = definition;
    return `${kind} ${kind === 'binding' ? definition.source : Object.values(definition).join(' ')}`;
  };
  return [...definitions].sort((a, b) => {
    if (place(a) === place(b)) return 0;
    return place(a) < place(b) ? -1 : 1;
  });
}

/** Something of each kind, some of it changed or removed again. */
function defineEverything(): void {
  host.broker.putUser('ann', 'secret', ['monitoring', 'management']);
  host.broker.access.setUserLimits('ann', { maxConnections: 3, maxChannels: -1 });
  host.broker.putUser('bob', 'secret');
  host.broker.access.setPermission({ user: 'ann', vhost: '/', configure: '^a', write: '.*', read: '' });
  host.broker.access.setTopicPermission({
    user: 'ann',
    vhost: '/',
    exchange: 'amq.topic',
    write: 'a',
    read: '',
  });
  host.broker.deleteUser('bob');
  host.broker.addVhost('shop').setLimits({ maxQueues: 10 });
  host.vhost('shop').setMetadata({ description: 'the shop', tags: ['a', 'b'], defaultQueueType: 'quorum' });
  host.vhost('shop').setMetadata({ tracing: true });
  host.broker.parameters.set({
    vhost: 'shop',
    component: 'shovel',
    name: 'move',
    value: '{"ack-mode":"on-confirm"}',
  });
  host.broker.parameters.setGlobal({ name: 'cluster_name', value: '"here"' });
  host.broker.parameters.setGlobal({ name: 'gone', value: 'true' });
  host.broker.parameters.deleteGlobal('gone');
  vhost.setPolicy({
    name: 'short',
    vhost: '/',
    pattern: '^o',
    applyTo: 'queues',
    priority: -1,
    definition: tableOf({ 'max-length': 5 }),
  });
  vhost.setOperatorPolicy({
    name: 'cap',
    vhost: '/',
    pattern: '.*',
    applyTo: 'queues',
    priority: 0,
    definition: tableOf({ 'message-ttl': 60_000 }),
  });
  const events = declareExchange('events', 'topic', {
    arguments: tableOf({ 'alternate-exchange': 'amq.fanout' }),
  });
  declareExchange('inner', 'headers', { internal: true, autoDelete: true });
  const orders = declareQueue('orders', { 'x-max-priority': 3, 'x-message-ttl': 1000 });
  const bills = declareQueue('bills', {}, { autoDelete: true });
  bind('events', orders, 'order.*');
  bind('amq.direct', events, 'all');
  bind('inner', bills, '', tableOf({ 'x-match': 'any', state: 'paid' }));
  bind('events', bills, 'bill.*');
  vhost.unbind(events, orders, 'order.*', new Map());
  bind('events', orders, 'order.*');
}

describe('what is recorded', () => {
  test('of a new broker is its vhost, its user and the permission', () => {
    expect(host.recorded().map(({ kind }) => kind)).toEqual(['vhost', 'user', 'permission']);
  });

  test('is durable exchanges, durable queues and the bindings between them', () => {
    const events = declareExchange('events', 'fanout');
    const passing = declareExchange('passing', 'fanout', { durable: false });
    const orders = declareQueue('orders');
    const gone = declareQueue('gone', {}, { durable: false });
    const owner = { ownQueue: () => {}, disownQueue: () => {} };
    const mine = declareQueue('mine', {}, { exclusiveOwner: owner });
    for (const destination of [orders, gone, mine, passing]) bind('events', destination, '');
    bind('passing', orders, '');
    bind('amq.fanout', events, '');
    expect(namesOf(host.recorded())).toEqual([
      'exchange events',
      'queue orders',
      'events -> orders',
      'amq.fanout -> events',
    ]);
  });

  test('goes in full when a queue goes, and with it exchanges that go with their last binding', () => {
    declareExchange('first', 'fanout', { autoDelete: true });
    const second = declareExchange('second', 'fanout', { autoDelete: true });
    const orders = declareQueue('orders');
    bind('first', second, '');
    bind('second', orders, '');
    vhost.removeQueue(orders);
    expect(namesOf(host.recorded())).toEqual([]);
  });

  test('goes in full when an exchange goes', () => {
    const events = declareExchange('events', 'x-consistent-hash');
    const orders = declareQueue('orders');
    bind('events', orders, '1');
    bind('amq.topic', events, '#');
    vhost.removeExchange(events);
    expect(namesOf(host.recorded())).toEqual(['queue orders']);
  });

  test('goes in full when a vhost goes', () => {
    const before = host.recorded();
    vhost = host.broker.addVhost('shop');
    vhost.setLimits({ maxConnections: 1 });
    const policy = { name: 'p', vhost: 'shop', pattern: '', priority: 0 };
    vhost.setPolicy({ ...policy, applyTo: 'all', definition: tableOf({ expires: 1 }) });
    vhost.setOperatorPolicy({ ...policy, applyTo: 'all', definition: tableOf({ expires: 1 }) });
    const events = declareExchange('events', 'topic');
    bind('amq.topic', declareQueue('orders'), '#');
    bind('amq.direct', vhost.exchange('amq.fanout'), '');
    bind('events', events, '#');
    host.broker.access.setPermission({ user: 'guest', vhost: 'shop', configure: '', write: '', read: '' });
    host.broker.access.setTopicPermission({
      user: 'guest',
      vhost: 'shop',
      exchange: 'events',
      write: '',
      read: '',
    });
    expect(host.recorded().length).toBe(before.length + 10);
    host.broker.deleteVhost('shop');
    expect(host.recorded()).toEqual(before);
  });

  test('is the same once more when the store asks for all of it', () => {
    defineEverything();
    const recorded = host.recorded();
    expect(recorded.length).toBe(19);
    expect(inOrder(host.recordedAgain())).toEqual(inOrder(recorded));
  });
});

describe('a message is stored to survive', () => {
  const PERSISTENT = 2;

  function publish(deliveryMode: number, ...queues: Queue[]): boolean {
    const publication = Publication.of('', 'key', { deliveryMode }, new Uint8Array(5));
    expect(vhost.deliver(queues, publication)).toBe('routed');
    return host.log.durableFlags.at(-1) as boolean;
  }

  test('when it is persistent and one of its queues survives', () => {
    const kept = declareQueue('kept');
    const gone = declareQueue('gone', {}, { durable: false });
    expect(publish(PERSISTENT, kept)).toBe(true);
    expect(publish(PERSISTENT, gone)).toBe(false);
    expect(publish(PERSISTENT, gone, kept)).toBe(true);
    expect(publish(1, kept)).toBe(false);
    expect(publish(1, gone, kept)).toBe(false);
  });

  test('not for a queue that is durable, but exclusive', () => {
    const owner = { ownQueue: () => {}, disownQueue: () => {} };
    expect(publish(PERSISTENT, declareQueue('mine', {}, { exclusiveOwner: owner }))).toBe(false);
  });
});

describe('after a restart', () => {
  test('everything that survives is there again, and nothing of it is recorded again', () => {
    defineEverything();
    const restarted = host.restarted();
    expect(restarted.events).toEqual([]);
    expect(restarted.log.defined).toEqual([]);
    expect(restarted.recordedAgain()).toEqual(host.recordedAgain());
  });

  test('the defaults do not come back when they were removed', () => {
    host.broker.deleteVhost('/');
    host.broker.deleteUser('guest');
    host.broker.addVhost('shop');
    host.broker.putUser('ann', 'secret');
    const { broker } = host.restarted();
    expect([...broker.vhosts.keys()]).toEqual(['shop']);
    expect([...broker.access.users.keys()]).toEqual(['ann']);
  });

  test('without any user the default one is made again: nobody could log in', () => {
    defineEverything();
    for (const user of [...host.broker.access.users.keys()]) host.broker.deleteUser(user);
    host.broker.deleteVhost('/');
    const { broker, events } = host.restarted();
    expect([...broker.access.users.keys()]).toEqual(['guest']);
    expect([...broker.vhosts.keys()]).toEqual(['shop']);
    expect(broker.access.allows('guest', 'shop', 'orders', 'read')).toBe(true);
    expect(events).toEqual([
      "no user is left, and nobody could log in: user 'guest' is made again with the default password and all " +
        'permissions; give it another password, or add a user of your own and remove it',
    ]);
  });

  test('a queue whose vhost was lost brings it back', () => {
    vhost = host.broker.addVhost('shop');
    declareQueue('orders');
    const damaged = host.log.defined.filter((bytes) => {
      const { definition } = decodeDefinition(bytes, 0, bytes.length);
      return definition.kind !== 'vhost' || definition.name !== 'shop';
    });
    const restarted = new BrokerUnderTest(damaged);
    expect([...restarted.vhost('shop').queues.keys()]).toEqual(['orders']);
    expect(restarted.events).toEqual([
      "vhost 'shop' was lost, but not all that is in it: it is made again, without its limits",
    ]);
    expect(restarted.recordedAgain()).toContainEqual(
      expect.objectContaining({ kind: 'vhost', name: 'shop' }),
    );
  });

  test('an exchange that this version does not know keeps the broker from starting', () => {
    const unknown = encoded({ ...EXCHANGE, type: 'x-of-the-future' });
    const start = (): BrokerUnderTest => new BrokerUnderTest([...host.log.defined, unknown]);
    expect(start).toThrow(RestoreError);
  });

  test('what this version refuses stays on record until it is put or removed', () => {
    const [kept, replaced] = [encoded({ ...POLICY, name: 'kept' }), encoded({ ...POLICY, name: 'replaced' })];
    const restarted = new BrokerUnderTest([...host.log.defined, kept, replaced]);
    expect(restarted.events).toHaveLength(2);
    restarted.vhost().setPolicy({ ...POLICY, applyTo: 'queues', pattern: '^o', name: 'replaced' });
    for (const _again of [1, 2]) {
      const policies = restarted.recordedAgain().filter(({ kind }) => kind === 'policy');
      expect(policies).toEqual([
        { ...POLICY, pattern: '^o', name: 'replaced' },
        { ...POLICY, name: 'kept' },
      ]);
    }
  });

  test('what this version refuses goes with its vhost', () => {
    host.broker.addVhost('shop');
    const restarted = new BrokerUnderTest([...host.log.defined, encoded({ ...POLICY, vhost: 'shop' })]);
    restarted.broker.deleteVhost('shop');
    expect(restarted.recordedAgain().map(({ kind }) => kind)).toEqual(['vhost', 'user', 'permission']);
  });

  test('policies and limits hold', () => {
    defineEverything();
    const restarted = host.restarted();
    expect(restarted.vhost().queues.get('orders')?.settings).toMatchObject({
      maxLength: 5,
      messageTtlMs: 1000,
    });
    expect(restarted.vhost().queues.get('bills')?.settings).toMatchObject({ messageTtlMs: 60_000 });
    expect(restarted.vhost('shop').limits).toEqual({ maxConnections: undefined, maxQueues: 10 });
    expect(restarted.vhost('shop').metadata).toEqual({
      description: 'the shop',
      tags: ['a', 'b'],
      defaultQueueType: 'quorum',
      tracing: true,
    });
    expect(restarted.vhost('shop').tracer).toBeDefined();
    expect(restarted.broker.parameters.get('shop', 'shovel', 'move')?.value).toBe(
      '{"ack-mode":"on-confirm"}',
    );
    expect(restarted.broker.parameters.globals()).toEqual([{ name: 'cluster_name', value: '"here"' }]);
    expect(restarted.broker.access.users.get('ann')?.limits).toEqual({ maxConnections: 3, maxChannels: -1 });
  });

  test('a queue has the lanes that it had, and a new one has none of them', () => {
    const orders = declareQueue('orders', { 'x-max-priority': 3 });
    const restarted = host.restarted();
    vhost = restarted.vhost();
    expect(vhost.queues.get('orders')?.laneId).toBe(orders.laneId);
    expect(declareQueue('bills').laneId).toBeGreaterThan(orders.laneId + 3);
  });

  test('a consistent-hash exchange sends each key where it did, although bindings came and went', () => {
    const events = declareExchange('events', 'x-consistent-hash');
    const queues = ['a', 'b', 'c', 'd', 'e'].map((name) => declareQueue(name));
    for (const queue of queues.slice(0, 4)) bind('events', queue, '1');
    vhost.removeQueue(queues[1] as Queue);
    bind('events', queues[4] as Queue, '1');
    const before = routesOf(vhost, events);
    expect(new Set(before)).toEqual(new Set(['a', 'c', 'd', 'e']));
    const restarted = host.restarted().vhost();
    expect(routesOf(restarted, restarted.exchange('events'))).toEqual(before);
  });

  test('what cannot be restored is reported, and the rest is there', () => {
    defineEverything();
    const broken = host.log.defined.filter((bytes) => {
      const { definition } = decodeDefinition(bytes, 0, bytes.length);
      return definition.kind !== 'exchange' || definition.name !== 'events';
    });
    const restarted = new BrokerUnderTest(broken);
    expect(restarted.events).toEqual([
      "binding of exchange 'amq.direct' to exchange 'events' with routing key 'all' in vhost '/' is left out: " +
        "NOT_FOUND - no exchange 'events' in vhost '/'",
      "binding of exchange 'events' to queue 'bills' with routing key 'bill.*' in vhost '/' is left out: " +
        "NOT_FOUND - no exchange 'events' in vhost '/'",
      "binding of exchange 'events' to queue 'orders' with routing key 'order.*' in vhost '/' is left out: " +
        "NOT_FOUND - no exchange 'events' in vhost '/'",
    ]);
    expect([...restarted.vhost().queues.keys()]).toEqual(['orders', 'bills']);
  });
});

function routesOf(from: VirtualHost, exchange: Exchange): string[] {
  return Array.from({ length: 200 }, (_, index) => {
    const queues: Queue[] = [];
    from.route(exchange, Publication.of(exchange.name, `key-${index}`, {}, new Uint8Array()), queues);
    return queues.map(({ name }) => name).join(' ');
  });
}
