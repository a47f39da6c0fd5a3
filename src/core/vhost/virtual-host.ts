/**
 * A virtual host: exchanges, queues and the bindings between them, and the way of a message through them.
 *
 *     publish -> route: exchange -> bindings -> (exchange -> ...) -> queues     -> deliver: one record, many queues
 *                        |  nothing matched: alternate exchange
 */

import { type FieldTable, field } from '../../codec/field-table.ts';
import { PolicyTable } from '../access/policies.ts';
import {
  assertEquivalent,
  assertSameProperty,
  exclusiveQueueLocked,
  resourceText,
} from '../arguments/equivalence.ts';
import { applyPolicy, parseQueueArguments, QUEUE_EQUIVALENCE_KEYS } from '../arguments/queue-arguments.ts';
import { tableKey } from '../arguments/table-key.ts';
import { notFound, preconditionFailed } from '../failures.ts';
import { type DeathReason, isDeathCycle } from '../message/death-headers.ts';
import { appendMessageRecord, DESTINATIONS_MAX } from '../message/message-record.ts';
import { Publication } from '../message/publication.ts';
import type { Lane } from '../queue/lane.ts';
import { type ExclusiveOwner, Queue, type QueueDeclaration, type QueueHost } from '../queue/queue.ts';
import type { Runtime } from '../runtime.ts';
import { DeadLetters } from './dead-letters.ts';
import { type Binding, type Destination, Exchange, type ExchangeProperties } from './exchange.ts';
import { RouteFinder, routingKeys, withoutBlindCopies } from './route-finder.ts';
import { Schedule } from './schedule.ts';

/** What became of a published message. */
export type PublishOutcome = 'routed' | 'unroutable' | 'refused';

/** Limits that an operator sets; undefined: none. */
export interface VirtualHostLimits {
  maxConnections: number | undefined;
  maxQueues: number | undefined;
}

const PREDECLARED_EXCHANGES: readonly (readonly [name: string, type: string])[] = [
  ['', 'direct'],
  ['amq.direct', 'direct'],
  ['amq.fanout', 'fanout'],
  ['amq.topic', 'topic'],
  ['amq.headers', 'headers'],
  ['amq.match', 'headers'],
];

export class VirtualHost implements QueueHost {
  readonly name: string;
  readonly exchanges: Map<string, Exchange> = new Map<string, Exchange>();
  readonly queues: Map<string, Queue> = new Map<string, Queue>();
  readonly policies: PolicyTable = new PolicyTable();
  readonly limits: VirtualHostLimits = { maxConnections: undefined, maxQueues: undefined };
  connectionCount = 0;
  readonly #runtime: Runtime;
  readonly #schedule: Schedule;
  /** Bindings that lead to a queue or exchange, to be removed with it. */
  readonly #bindingsTo = new Map<Destination, Set<Binding>>();
  readonly #routes: RouteFinder;
  readonly #singleLane: Lane[] = [];
  readonly #deadLetters: DeadLetters;

  constructor(runtime: Runtime, name: string) {
    this.name = name;
    this.#runtime = runtime;
    this.#deadLetters = new DeadLetters(runtime, (dead) => this.#publishDead(dead));
    this.#schedule = new Schedule(runtime, (publication) => this.#publishScheduled(publication));
    for (const [exchange, type] of PREDECLARED_EXCHANGES) this.#addPredeclared(exchange, type);
    this.#routes = new RouteFinder(this.exchanges, this.queues);
  }

  /** Messages that wait for their time. */
  get scheduledCount(): number {
    return this.#schedule.count;
  }

  dispose(): void {
    this.#schedule.dispose();
    for (const queue of [...this.queues.values()]) this.removeQueue(queue);
  }

  // ---- exchanges ----

  /** The exchange, or 404. */
  exchange(name: string): Exchange {
    const exchange = this.exchanges.get(name);
    if (exchange !== undefined) return exchange;
    throw notFound(`no ${resourceText({ kind: 'exchange', name, vhost: this.name })}`);
  }

  /** Makes an exchange, or checks that the one of this name means the same (406). */
  declareExchange(properties: ExchangeProperties): void {
    const existing = this.exchanges.get(properties.name);
    if (existing !== undefined) {
      this.#assertSameExchange(existing, properties);
      return;
    }
    const exchange = new Exchange(this.#runtime, properties);
    this.exchanges.set(exchange.name, exchange);
    this.#applyExchangePolicy(exchange);
    this.#runtime.topologyVersion++;
  }

  /** Removes an exchange and every binding from and to it. */
  removeExchange(exchange: Exchange): void {
    if (this.exchanges.get(exchange.name) !== exchange) return;
    this.exchanges.delete(exchange.name);
    for (const binding of [...exchange.bindings.values()]) this.#removeBinding(binding);
    this.#removeBindingsTo(exchange);
    this.#runtime.topologyVersion++;
  }

  // ---- bindings ----

  /** Binds; nothing happens when the same binding is there already. */
  bind(source: Exchange, destination: Destination, routingKey: string, args: FieldTable): void {
    const key = bindingKey(destination, routingKey, args);
    source.router.validate?.(args, routingKey);
    if (source.bindings.has(key)) return;
    const binding: Binding = { source, destination, routingKey, arguments: args };
    source.bindings.set(key, binding);
    source.router.add(destination, routingKey, args);
    this.#bindingsLeadingTo(destination).add(binding);
    this.#runtime.topologyVersion++;
    this.#replayHistory(source, destination);
  }

  /** Unbinds; nothing happens when there is no such binding. */
  unbind(source: Exchange, destination: Destination, routingKey: string, args: FieldTable): void {
    const binding = source.bindings.get(bindingKey(destination, routingKey, args));
    if (binding === undefined) return;
    this.#removeBinding(binding);
    this.#removeExchangeIfUnused(source);
  }

  isBound(source: Exchange, destination: Destination, routingKey: string, args: FieldTable): boolean {
    return source.bindings.has(bindingKey(destination, routingKey, args));
  }

  /** The bindings that lead to a queue or exchange, without the implicit one of the default exchange. */
  bindingsTo(destination: Destination): Iterable<Binding> {
    return this.#bindingsTo.get(destination) ?? [];
  }

  // ---- queues ----

  /** The queue, or 404; 405 when it is exclusive to another connection. */
  queue(name: string, asker: ExclusiveOwner | undefined): Queue {
    const queue = this.queues.get(name);
    if (queue === undefined) throw notFound(`no ${resourceText({ kind: 'queue', name, vhost: this.name })}`);
    if (queue.exclusiveOwner !== undefined && queue.exclusiveOwner !== asker) {
      throw exclusiveQueueLocked(name, this.name);
    }
    return queue;
  }

  /** Makes a queue, or checks that the one of this name means the same (406, 405). */
  declareQueue(declaration: QueueDeclaration): Queue {
    const { name, exclusiveOwner, durable, autoDelete } = declaration;
    const existing = this.queues.get(name);
    if (existing !== undefined) {
      this.#assertSameQueue(existing, declaration);
      existing.touch();
      return existing;
    }
    const properties = { durable, autoDelete, exclusive: exclusiveOwner !== undefined };
    const settings = parseQueueArguments(declaration.arguments, name, this.name, properties);
    this.#assertRoomForQueue(name);
    const queue = new Queue(this.#runtime, this, declaration, settings);
    this.queues.set(name, queue);
    this.#applyQueuePolicy(queue);
    queue.touch();
    exclusiveOwner?.ownQueue(queue);
    this.#runtime.topologyVersion++;
    return queue;
  }

  /** Removes a queue with all it holds; its consumers are told. */
  removeQueue(queue: Queue): void {
    if (this.queues.get(queue.name) !== queue) return;
    this.queues.delete(queue.name);
    this.#removeBindingsTo(queue);
    queue.exclusiveOwner?.disownQueue(queue);
    queue.dispose();
    this.#runtime.topologyVersion++;
  }

  // ---- policies ----

  /** A policy was set or deleted: it holds for what exists, at once. */
  applyPolicies(): void {
    for (const queue of this.queues.values()) this.#applyQueuePolicy(queue);
    for (const exchange of this.exchanges.values()) this.#applyExchangePolicy(exchange);
    this.#runtime.topologyVersion++;
  }

  // ---- messages ----

  /**
   * Appends the queues that `publication` goes to through `exchange` to `into`, each once.
   * Returns true when the same address leads to the same queues until `topologyVersion` changes.
   */
  route(exchange: Exchange, publication: Publication, into: Queue[]): boolean {
    const cacheable = this.#routes.find(exchange, publication, into);
    if (!cacheable) for (const visited of this.#routes.visited) visited.remember(publication);
    return cacheable;
  }

  /** The first queue that would refuse one of these messages, if they were published together. */
  findFull(
    messages: Iterable<{ readonly exchange: Exchange; readonly publication: Publication }>,
  ): Queue | undefined {
    const planned = new Map<Queue, { count: number; bytes: number }>();
    for (const { exchange, publication } of messages) {
      const queues: Queue[] = [];
      this.#routes.find(exchange, publication, queues);
      for (const queue of queues) {
        const { count, bytes } = planned.get(queue) ?? { count: 0, bytes: 0 };
        const bodyBytes = publication.bodyEnd - publication.bodyStart;
        if (queue.isFull(bytes + bodyBytes, count + 1)) return queue;
        planned.set(queue, { count: count + 1, bytes: bytes + bodyBytes });
      }
    }
    return undefined;
  }

  /** Publishes through an exchange: routes, or schedules for later. Not for the hot path, which keeps routes. */
  publish(exchange: Exchange, publication: Publication): PublishOutcome {
    const delayMs = this.#delayOf(exchange, publication);
    if (delayMs > 0) {
      // At its time there is nobody to be told.
      this.assertPublishable(exchange, publication);
      this.#schedule.add(publication, this.#runtime.now() + delayMs);
      return 'routed';
    }
    return this.#publishNow(exchange, publication);
  }

  /** 406 for headers that `publish` would refuse: who keeps a message for later must not find out then. */
  assertPublishable(exchange: Exchange, publication: Publication): void {
    routingKeys(publication);
    this.#delayOf(exchange, publication);
  }

  #publishNow(exchange: Exchange, publication: Publication): PublishOutcome {
    const queues: Queue[] = [];
    this.route(exchange, publication, queues);
    return this.deliver(queues, withoutBlindCopies(publication));
  }

  /** Puts the message into `queues`, as one record. Runs per message. */
  deliver(queues: readonly Queue[], publication: Publication): PublishOutcome {
    if (queues.length === 1) return this.#deliverToOne(queues[0] as Queue, publication);
    if (queues.length === 0) return 'unroutable';
    return this.#deliverToMany(queues, publication);
  }

  deadLetter(queue: Queue, lane: Lane, seq: number, reason: DeathReason): void {
    const { store, record } = this.#runtime;
    const position = lane.position(seq);
    record.read(store.segmentOf(position), position);
    this.#deadLetters.publish(queue, Publication.fromRecord(record), reason);
  }

  /** A message with overflow reject-publish-dlx that found `queue` full. */
  #deadLetterRefused(queue: Queue, publication: Publication): void {
    if (queue.settings.overflow !== 'reject-publish-dlx') return;
    if (queue.settings.deadLetterExchange === undefined) return;
    this.#deadLetters.publish(queue, publication.copy(), 'maxlen');
  }

  /** A dead letter is at its exchange. Without that, or any queue that it was not in before, it is gone. */
  #publishDead(dead: Publication): void {
    const exchange = this.exchanges.get(dead.exchange);
    if (exchange === undefined) return;
    const delayMs = this.#delayOf(exchange, dead);
    if (delayMs > 0) {
      this.#schedule.add(dead, this.#runtime.now() + delayMs);
      return;
    }
    const queues: Queue[] = [];
    this.route(exchange, dead, queues);
    const properties = dead.properties();
    this.deliver(
      queues.filter((target) => !isDeathCycle(properties, target.name)),
      dead,
    );
  }

  #deliverToOne(queue: Queue, publication: Publication): PublishOutcome {
    const bodyBytes = publication.bodyEnd - publication.bodyStart;
    if (queue.isFull(bodyBytes)) {
      this.#deadLetterRefused(queue, publication);
      return 'refused';
    }
    const lanes = this.#singleLane;
    const lane = queue.laneFor(publication.priority);
    lanes[0] = lane;
    const position = appendMessageRecord(this.#runtime.store, publication, lanes, 0, 1, this.#runtime.now());
    queue.enqueue(lane, position, bodyBytes, publication.expirationMs);
    queue.trim();
    return 'routed';
  }

  #deliverToMany(queues: readonly Queue[], publication: Publication): PublishOutcome {
    const bodyBytes = publication.bodyEnd - publication.bodyStart;
    const accepting = queues.filter((queue) => !queue.isFull(bodyBytes));
    const lanes = accepting.map((queue) => queue.laneFor(publication.priority));
    for (let from = 0; from < lanes.length; from += DESTINATIONS_MAX) {
      const count = Math.min(DESTINATIONS_MAX, lanes.length - from);
      const { store } = this.#runtime;
      const position = appendMessageRecord(store, publication, lanes, from, count, this.#runtime.now());
      for (let index = from; index < from + count; index++) {
        const queue = accepting[index] as Queue;
        queue.enqueue(lanes[index] as Lane, position, bodyBytes, publication.expirationMs);
      }
    }
    // Only now: what a queue drops may be dead-lettered into one that this record was still on its way to.
    for (const queue of accepting) queue.trim();
    if (accepting.length === queues.length) return 'routed';
    for (const queue of queues) if (!accepting.includes(queue)) this.#deadLetterRefused(queue, publication);
    return 'refused';
  }

  /** How long the message is to wait before it is routed; 0: not at all. */
  #delayOf(exchange: Exchange, publication: Publication): number {
    if (!publication.mayBeRedirected && !exchange.isDelayed) return 0;
    const atMs = deliverAtMs(publication);
    if (atMs !== undefined) return atMs - this.#runtime.environment.clock.wallMs();
    const delay = exchange.isDelayed ? publication.headers()?.get('x-delay') : undefined;
    return delay === undefined ? 0 : Number(delay.value);
  }

  /** The time of a scheduled message has come. Its exchange may be gone by now. */
  #publishScheduled(publication: Publication): void {
    const exchange = this.exchanges.get(publication.exchange);
    if (exchange === undefined) return;
    if (exchange.isDelayed) negateDelay(publication);
    this.#publishNow(exchange, publication);
  }

  #replayHistory(source: Exchange, destination: Destination): void {
    for (const publication of source.history) {
      if (destination.kind === 'queue') this.deliver([destination], publication);
      else this.publish(destination, publication);
    }
  }

  #applyQueuePolicy(queue: Queue): void {
    const { definition } = this.policies.effective('queue', queue.name, queue.declared.type);
    queue.applySettings(definition.size === 0 ? queue.declared : applyPolicy(queue.declared, definition));
  }

  #applyExchangePolicy(exchange: Exchange): void {
    const { definition } = this.policies.effective('exchange', exchange.name);
    const alternate = definition.get('alternate-exchange')?.value;
    exchange.alternateExchange =
      exchange.declaredAlternate ?? (typeof alternate === 'string' ? alternate : undefined);
  }

  #assertSameExchange(existing: Exchange, received: ExchangeProperties): void {
    const resource = { kind: 'exchange', name: existing.name, vhost: this.name } as const;
    assertSameProperty(resource, 'type', existing.type, received.type);
    assertSameProperty(resource, 'durable', existing.durable, received.durable);
    assertSameProperty(resource, 'auto_delete', existing.autoDelete, received.autoDelete);
    assertSameProperty(resource, 'internal', existing.internal, received.internal);
    assertEquivalent(resource, existing.arguments, received.arguments, ['alternate-exchange']);
  }

  #assertSameQueue(existing: Queue, received: QueueDeclaration): void {
    const resource = { kind: 'queue', name: existing.name, vhost: this.name } as const;
    if (existing.exclusiveOwner !== received.exclusiveOwner)
      throw exclusiveQueueLocked(existing.name, this.name);
    assertSameProperty(resource, 'durable', existing.durable, received.durable);
    assertSameProperty(resource, 'auto_delete', existing.autoDelete, received.autoDelete);
    assertEquivalent(resource, existing.arguments, received.arguments, QUEUE_EQUIVALENCE_KEYS);
  }

  #assertRoomForQueue(name: string): void {
    const { maxQueues } = this.limits;
    if (maxQueues === undefined || this.queues.size < maxQueues) return;
    throw preconditionFailed(
      `cannot declare queue '${name}': queue limit in vhost '${this.name}' (${maxQueues}) is reached`,
    );
  }

  #addPredeclared(name: string, type: string): void {
    const properties = {
      name,
      type,
      durable: true,
      autoDelete: false,
      internal: false,
      arguments: new Map(),
    };
    this.exchanges.set(name, new Exchange(this.#runtime, properties));
  }

  #bindingsLeadingTo(destination: Destination): Set<Binding> {
    let bindings = this.#bindingsTo.get(destination);
    if (bindings === undefined) {
      bindings = new Set();
      this.#bindingsTo.set(destination, bindings);
    }
    return bindings;
  }

  #removeBinding(binding: Binding): void {
    const { source, destination, routingKey, arguments: args } = binding;
    source.bindings.delete(bindingKey(destination, routingKey, args));
    source.router.remove(destination, routingKey, args);
    const leadingTo = this.#bindingsTo.get(destination);
    leadingTo?.delete(binding);
    if (leadingTo?.size === 0) this.#bindingsTo.delete(destination);
    this.#runtime.topologyVersion++;
  }

  #removeBindingsTo(destination: Destination): void {
    for (const binding of [...this.bindingsTo(destination)]) {
      this.#removeBinding(binding);
      this.#removeExchangeIfUnused(binding.source);
    }
  }

  /** An auto-delete exchange goes with its last binding. */
  #removeExchangeIfUnused(exchange: Exchange): void {
    if (exchange.autoDelete && exchange.bindings.size === 0) this.removeExchange(exchange);
  }
}

const DELIVER_AT_TEXT =
  "invalid header 'x-deliver-at': it must be a timestamp, or an integer of milliseconds since 1970";

/** When the header x-deliver-at wants the message to be routed, in milliseconds since 1970; 406 when it is no time. */
function deliverAtMs(publication: Publication): number | undefined {
  const deliverAt = publication.headers()?.get('x-deliver-at');
  if (deliverAt === undefined) return undefined;
  const atMs = Number(deliverAt.value) * (deliverAt.tag === 'T' ? 1000 : 1);
  if (!Number.isFinite(atMs)) throw preconditionFailed(DELIVER_AT_TEXT);
  return atMs;
}

/**
 * As RabbitMQ's plugin does: a message that was held has its x-delay negated, so that its receiver sees how long that was, and
 * no other delayed exchange holds it again.
 */
function negateDelay(publication: Publication): void {
  const properties = publication.properties();
  const delayMs = Number(properties.headers?.get('x-delay')?.value);
  if (!Number.isSafeInteger(delayMs) || delayMs <= 0) return;
  const headers = new Map(properties.headers).set('x-delay', field.int(-delayMs));
  publication.replaceProperties({ ...properties, headers });
}

function bindingKey(destination: Destination, routingKey: string, args: FieldTable): string {
  return `${destination.kind}:${destination.name.length}:${destination.name}:${routingKey}:${tableKey(args)}`;
}
