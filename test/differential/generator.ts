import { type FieldTable, field, tableOf } from '../../src/codec/field-table.ts';
import type { BasicProperties } from '../../src/codec/properties.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import type { LooseArguments } from '../servers/raw-client.ts';
import type { Call, Operation } from './operation.ts';

/*
 * Sequences are made of few names, so that operations meet, and of arguments that are right most of the time.
 * Nothing in them depends on time: a message expires at once (0) or not while the test runs (an hour).
 */
export const QUEUES: readonly string[] = ['q0', 'q1', 'q2', 'q3'];
export const EXCHANGES: readonly string[] = ['x0', 'x1', 'x2'];
const ROUTING_KEYS = ['a', 'b', 'a.b', 'a.c.d', 'q0', 'q1'];
const BINDING_KEYS = ['a', 'b', 'a.*', '#', 'a.#', '*.b', ''];
const EXCHANGE_TYPES = ['direct', 'fanout', 'topic', 'headers'];
const CONSUMER_TAGS = ['t0', 't1', 't2'];
const HOUR_MS = 3_600_000;

type Arguments = Record<string, string | number | boolean>;

/** The same sequence for the same seed, always. */
export function generateOperations(seed: number, count: number): Operation[] {
  return new Generator(seed).operations(count);
}

class Generator {
  #random: SeededRandom;
  #published = 0;
  /**
   * Where Leveret differs on purpose, no sequence has both sides of it. RabbitMQ notices that a message has expired only
   * when the front of the queue moves, so that one which overtakes others by its priority stays, and a queue that is too
   * long drops its highest priority first. It keeps the routing keys of BCC for a later dead-lettering. The
   * prefetch that a channel shares makes consumers without acks wait, and counts what basic.get has taken before. And what
   * a transaction publishes is routed before the commit.
   */
  readonly #usesPriorities: boolean;
  readonly #usesBcc: boolean;
  readonly #sharesPrefetch: boolean;
  readonly #usesTransactions: boolean;
  /** What a name was declared with first, so that most later declares agree with it. */
  #queues = new Map<string, LooseArguments<'queue.declare'>>();
  #exchanges = new Map<string, LooseArguments<'exchange.declare'>>();

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
    this.#usesPriorities = this.#chance(0.5);
    this.#usesBcc = this.#chance(0.3);
    this.#sharesPrefetch = this.#chance(0.5);
    this.#usesTransactions = this.#chance(0.4);
  }

  operations(count: number): Operation[] {
    const operations: Operation[] = [];
    for (const exchange of EXCHANGES)
      if (this.#chance(0.7)) operations.push(this.#at(this.#declareExchange(exchange)));
    for (const queue of QUEUES) if (this.#chance(0.8)) operations.push(this.#at(this.#declareQueue(queue)));
    for (let i = 0; i < 4; i++) operations.push(this.#at(this.#bindQueue('queue.bind')));
    while (operations.length < count) operations.push(this.#operation());
    return operations;
  }

  #operation(): Operation {
    const inTransactions = this.#usesTransactions ? 2 : 0;
    const onTheFly = this.#usesTransactions ? 0 : 1;
    const weights: readonly [weight: number, make: () => Operation][] = [
      [30, () => this.#publish()],
      [10, () => this.#at(this.#get())],
      [10, () => this.#at(this.#consume())],
      [
        4,
        () =>
          this.#at({ do: 'call', name: 'basic.cancel', args: { consumerTag: this.#pick(CONSUMER_TAGS) } }),
      ],
      [20, () => this.#settle()],
      [1, () => this.#settleTag()],
      [3, () => this.#at({ do: 'call', name: 'basic.recover', args: { requeue: !this.#chance(0.03) } })],
      [5, () => this.#at(this.#qos())],
      [4 * onTheFly, () => this.#at(this.#declareQueue(this.#pick(QUEUES)))],
      [3 * onTheFly, () => this.#at(this.#declareExchange(this.#pick(EXCHANGES)))],
      [4 * onTheFly, () => this.#at(this.#bindQueue('queue.bind'))],
      [2 * onTheFly, () => this.#at(this.#bindQueue('queue.unbind'))],
      [2 * onTheFly, () => this.#at(this.#bindExchange('exchange.bind'))],
      [1 * onTheFly, () => this.#at(this.#bindExchange('exchange.unbind'))],
      [2 * onTheFly, () => this.#at(this.#deleteQueue())],
      [1 * onTheFly, () => this.#at(this.#deleteExchange())],
      [2, () => this.#at({ do: 'call', name: 'queue.purge', args: { queue: this.#queue() } })],
      [2, () => this.#at({ do: 'call', name: 'confirm.select', args: {} })],
      [2 * inTransactions, () => this.#at({ do: 'call', name: 'tx.select', args: {} })],
      [5 * inTransactions, () => this.#at({ do: 'call', name: 'tx.commit', args: {} }, 2)],
      [2 * inTransactions, () => this.#at({ do: 'call', name: 'tx.rollback', args: {} }, 2)],
      [2, () => ({ ...this.#place(), do: 'close-channel' })],
      [1, () => ({ ...this.#place(), do: this.#chance(0.5) ? 'close-connection' : 'cut-connection' })],
      [1, () => this.#at({ do: 'call', name: 'channel.flow', args: { active: !this.#chance(0.1) } })],
    ];
    let left = this.#below(weights.reduce((sum, [weight]) => sum + weight, 0));
    for (const [weight, make] of weights) {
      left -= weight;
      if (left < 0) return make();
    }
    throw new Error('the weights do not add up');
  }

  #declareQueue(queue: string): Call {
    const known = this.#queues.get(queue);
    if (known !== undefined && this.#chance(0.8)) {
      return { do: 'call', name: 'queue.declare', args: { ...known, passive: this.#chance(0.4) } };
    }
    const args = {
      queue: this.#chance(0.03) ? 'amq.mine' : queue,
      durable: this.#chance(0.5),
      exclusive: this.#chance(0.1),
      autoDelete: this.#chance(0.15),
      arguments: this.#queueArguments(),
    };
    this.#queues.set(queue, args);
    return { do: 'call', name: 'queue.declare', args };
  }

  #queueArguments(): Arguments {
    const args: Arguments = {};
    const hasPriorities = this.#usesPriorities && this.#chance(0.3);
    if (!this.#usesBcc && this.#chance(0.4))
      args['x-dead-letter-exchange'] = this.#pick(['', 'x0', 'x1', 'x2', 'missing']);
    if (!this.#usesBcc && this.#chance(0.2))
      args['x-dead-letter-routing-key'] = this.#pick([...QUEUES, 'a', 'a.b']);
    if (!hasPriorities && this.#chance(0.2)) args['x-max-length'] = this.#below(4);
    if (!hasPriorities && this.#chance(0.08)) args['x-max-length-bytes'] = this.#below(12);
    if (this.#chance(0.2))
      args['x-overflow'] = this.#pick(['drop-head', 'reject-publish', 'reject-publish-dlx']);
    if (this.#chance(0.12)) args['x-message-ttl'] = this.#pick([0, HOUR_MS]);
    if (this.#chance(0.1)) args['x-expires'] = HOUR_MS;
    if (hasPriorities) args['x-max-priority'] = this.#pick([1, 5, 10]);
    if (this.#chance(0.12)) args['x-single-active-consumer'] = true;
    if (this.#chance(0.04)) Object.assign(args, this.#badQueueArgument());
    return args;
  }

  #badQueueArgument(): Arguments {
    return this.#pick<Arguments>([
      { 'x-max-length': -1 },
      { 'x-message-ttl': 'soon' },
      { 'x-message-ttl': -1 },
      { 'x-expires': 0 },
      { 'x-overflow': 'explode' },
      { 'x-max-priority': 300 },
      { 'x-max-priority': 0 },
      { 'x-single-active-consumer': 'yes' },
      { 'x-dead-letter-exchange': 5 },
      { 'x-queue-type': 'triangle' },
    ]);
  }

  #declareExchange(exchange: string): Call {
    const known = this.#exchanges.get(exchange);
    if (known !== undefined && this.#chance(0.8)) {
      return { do: 'call', name: 'exchange.declare', args: { ...known, passive: this.#chance(0.4) } };
    }
    const alternate: Arguments = this.#chance(0.25)
      ? { 'alternate-exchange': this.#pick([...EXCHANGES, 'missing']) }
      : {};
    const args = {
      exchange: this.#chance(0.03) ? this.#pick(['amq.mine', 'amq.topic', '']) : exchange,
      type: this.#chance(0.02) ? 'triangle' : this.#pick(EXCHANGE_TYPES),
      durable: this.#chance(0.5),
      autoDelete: this.#chance(0.15),
      internal: this.#chance(0.07),
      arguments: alternate,
    };
    this.#exchanges.set(exchange, args);
    return { do: 'call', name: 'exchange.declare', args };
  }

  #bindQueue(name: 'queue.bind' | 'queue.unbind'): Call {
    const args = { queue: this.#queue(), exchange: this.#exchange(), ...this.#binding() };
    return { do: 'call', name, args };
  }

  #bindExchange(name: 'exchange.bind' | 'exchange.unbind'): Call {
    const args = { destination: this.#exchange(), source: this.#exchange(), ...this.#binding() };
    return { do: 'call', name, args };
  }

  #binding(): { routingKey: string; arguments: Arguments } {
    const matched: Arguments = {
      'x-match': this.#pick(['all', 'any']),
      colour: this.#pick(['red', 'blue']),
      size: 1,
    };
    return { routingKey: this.#pick(BINDING_KEYS), arguments: this.#chance(0.3) ? matched : {} };
  }

  #deleteQueue(): Call {
    const args = { queue: this.#queue(), ifUnused: this.#chance(0.3), ifEmpty: this.#chance(0.3) };
    return { do: 'call', name: 'queue.delete', args };
  }

  #deleteExchange(): Call {
    return {
      do: 'call',
      name: 'exchange.delete',
      args: { exchange: this.#exchange(), ifUnused: this.#chance(0.5) },
    };
  }

  #get(): Call {
    return {
      do: 'call',
      name: 'basic.get',
      args: { queue: this.#queue(), noAck: this.#sharesPrefetch || this.#chance(0.3) },
    };
  }

  #consume(): Call {
    const args = {
      queue: this.#queue(),
      consumerTag: this.#pick(CONSUMER_TAGS),
      noAck: !this.#sharesPrefetch && this.#chance(0.35),
      exclusive: this.#chance(0.06),
      arguments: this.#chance(0.2) ? { 'x-priority': this.#below(3) - 1 } : {},
    };
    return { do: 'call', name: 'basic.consume', args };
  }

  #qos(): Call {
    const args = {
      prefetchCount: this.#below(4),
      global: this.#sharesPrefetch && this.#chance(0.5),
      prefetchSize: this.#chance(0.02) ? 100 : 0,
    };
    return { do: 'call', name: 'basic.qos', args };
  }

  #publish(): Operation {
    const toQueue = this.#chance(0.5);
    const args = {
      exchange: toQueue ? '' : this.#exchange(),
      routingKey: toQueue ? this.#queue() : this.#pick(ROUTING_KEYS),
      mandatory: this.#chance(0.3),
      immediate: this.#chance(0.005),
    };
    this.#published += 1;
    const body = `m${this.#published}`;
    return { ...this.#place(), do: 'publish', args, properties: this.#properties(), body };
  }

  #properties(): BasicProperties {
    const properties: BasicProperties = {};
    if (this.#chance(0.4)) properties.deliveryMode = this.#pick([1, 2]);
    if (this.#chance(0.3)) properties.priority = this.#below(10);
    if (this.#chance(0.12))
      properties.expiration = this.#pick([`${HOUR_MS}`, this.#usesPriorities ? `${HOUR_MS}` : '0']);
    if (this.#chance(0.01)) properties.expiration = 'soon';
    if (this.#chance(0.2)) properties.correlationId = 'c-1';
    if (this.#chance(0.05)) properties.userId = this.#chance(0.9) ? 'guest' : 'stranger';
    if (this.#chance(0.4)) properties.headers = this.#headers();
    return properties;
  }

  #headers(): FieldTable {
    const headers = tableOf({ colour: this.#pick(['red', 'blue']), size: this.#below(2) });
    if (this.#chance(0.15)) headers.set('CC', field.array([field.string(this.#pick(QUEUES))]));
    if (this.#usesBcc && this.#chance(0.3))
      headers.set('BCC', field.array([field.string(this.#pick(QUEUES))]));
    if (this.#chance(0.01)) headers.set('CC', field.string('q0'));
    return headers;
  }

  #settle(): Operation {
    return {
      ...this.#place(),
      do: this.#pick(['basic.ack', 'basic.ack', 'basic.nack', 'basic.reject']),
      which: this.#below(8),
      multiple: this.#chance(0.3),
      requeue: this.#chance(0.5),
    };
  }

  #settleTag(): Operation {
    const all = this.#chance(0.7);
    return { ...this.#place(), do: 'settle-tag', deliveryTag: all ? 0 : 999, multiple: all };
  }

  #queue(): string {
    return this.#chance(0.02) ? 'missing' : this.#pick(QUEUES);
  }

  #exchange(): string {
    if (this.#chance(0.02)) return this.#pick(['missing', '', 'amq.direct']);
    return this.#pick(EXCHANGES);
  }

  /** Somewhere, or on the given channel. Channel 2 does the transactions, so that most commits commit something. */
  #at(call: Call, channel = this.#channelFor(call)): Operation {
    return { connection: this.#connection(), channel, ...call };
  }

  #channelFor(call: Call): number {
    if (call.name === 'tx.select') return this.#chance(0.95) ? 2 : 1;
    if (call.name === 'confirm.select') return this.#chance(0.95) ? 1 : 2;
    return 1 + this.#below(2);
  }

  #place(): { connection: number; channel: number } {
    return { connection: this.#connection(), channel: 1 + this.#below(2) };
  }

  #connection(): number {
    return this.#chance(0.7) ? 0 : 1;
  }

  #pick<T>(values: readonly T[]): T {
    return values[this.#below(values.length)] as T;
  }

  #chance(probability: number): boolean {
    return this.#random.uint32() < probability * 2 ** 32;
  }

  #below(limit: number): number {
    return this.#random.uint32() % limit;
  }
}
