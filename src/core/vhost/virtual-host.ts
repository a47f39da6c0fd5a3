/**
 * A virtual host: exchanges, queues and the bindings between them, and the way of a message through them.
 *
 *     publish -> route: exchange -> bindings -> (exchange -> ...) -> queues     -> deliver: one record, many queues
 *                        |  nothing matched: alternate exchange
 */

import type { FieldTable } from '../../codec/field-table.ts';
import { type EffectivePolicy, type Policy, PolicyTable, type PolicyTarget } from '../access/policies.ts';
import { exclusiveQueueLocked, resourceText } from '../arguments/equivalence.ts';
import { applyPolicy, parseQueueArguments, type QueueArguments } from '../arguments/queue-arguments.ts';
import { tableKey } from '../arguments/table-key.ts';
import type {
  BindingDefinition,
  ExchangeDefinition,
  PolicyDefinition,
  QueueDefinition,
  VhostDefinition,
  VhostPartDefinition,
} from '../definitions/definition.ts';
import type { DefinitionRecorder } from '../definitions/definition-log.ts';
import { notFound, preconditionFailed } from '../failures.ts';
import { type DeathReason, isDeathCycle } from '../message/death-headers.ts';
import { appendMessageRecord, DESTINATIONS_MAX } from '../message/message-record.ts';
import { type MessageTracer, tracedPublication } from '../message/message-tracer.ts';
import { Publication } from '../message/publication.ts';
import { isAtLimit } from '../operator-limit.ts';
import type { EndedMessage, Ending } from '../outcome/ending.ts';
import type { SettlementResult } from '../outcome/settlement-result.ts';
import type { Lane } from '../queue/lane.ts';
import { type ExclusiveOwner, Queue, type QueueDeclaration, type QueueHost } from '../queue/queue.ts';
import { type RouterType, routerType } from '../routing/create-router.ts';
import type { Runtime } from '../runtime.ts';
import { HostActivity } from '../statistics/flow-activity.ts';
import { MessageCounters } from '../statistics/message-counters.ts';
import { Totals } from '../statistics/totals.ts';
import { DeadLetters } from './dead-letters.ts';
import { Deduplication } from './deduplication.ts';
import { assertDelay, DELAY_MAX_MS, delayOf, negateDelay } from './delay.ts';
import { type Binding, type Destination, Exchange, type ExchangeProperties } from './exchange.ts';
import { Outcomes } from './outcomes.ts';
import { assertSameExchange, assertSameQueue, withDefaultType } from './redeclaration.ts';
import { RouteFinder, routingKeys, withoutBlindCopies } from './route-finder.ts';
import { Schedule } from './schedule.ts';
import { TRACE_EXCHANGE, type TraceOrigin, Tracer } from './tracer.ts';
import { definitionOfMetadata, metadataOf, type VhostMetadata } from './vhost-metadata.ts';
import { VhostRecorder } from './vhost-recorder.ts';

/** What became of a published message. */
export type PublishOutcome = 'routed' | 'unroutable' | 'refused';

/** Limits that an operator sets; undefined or negative: none. */
export interface VirtualHostLimits {
  readonly maxConnections: number | undefined;
  readonly maxQueues: number | undefined;
}

const PREDECLARED_EXCHANGES: readonly (readonly [name: string, type: RouterType])[] = [
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
  connectionCount = 0;
  readonly activity: HostActivity;
  /** What became of publishes that no queue or exchange counts: `confirm`, `returnUnroutable` and `dropUnroutable`. */
  readonly answers: MessageCounters = new MessageCounters();
  /** Of queues and exchanges that are gone. */
  readonly #gone = new Totals();
  readonly #runtime: Runtime;
  readonly #definitions: DefinitionRecorder;
  readonly #recorder: VhostRecorder;
  #limits: VirtualHostLimits;
  readonly #policies = new PolicyTable();
  /** What was asked for since the policies changed last. */
  #effectivePolicies = new WeakMap<Destination, EffectivePolicy>();
  /** Messages for later. */
  readonly schedule: Schedule;
  /** What was published before. */
  readonly deduplication: Deduplication;
  /** What became of messages. */
  readonly outcomes: Outcomes;
  /** Bindings that lead to a queue or exchange, to be removed with it. */
  readonly #bindingsTo = new Map<Destination, Set<Binding>>();
  readonly #routes: RouteFinder;
  readonly #singleLane: Lane[] = [];
  readonly #deadLetters: DeadLetters;
  readonly #wallMs: () => number;
  #metadata: VhostMetadata;
  /** Set while tracing is on. Looked at for each message. */
  tracer: Tracer | undefined;
  /** It is gone, and its outcomes with it: those of what its queues discard in the next turns are not kept. */
  #isDisposed = false;

  /** `restored`: what was recorded of this vhost before a restart. */
  constructor(runtime: Runtime, name: string, definitions: DefinitionRecorder, restored?: VhostDefinition) {
    this.name = name;
    this.#runtime = runtime;
    this.#wallMs = () => runtime.environment.clock.wallMs();
    this.activity = new HostActivity(runtime.statistics, this, 1, this.answers);
    this.#definitions = definitions;
    this.#recorder = new VhostRecorder(name, definitions);
    this.#limits = { maxConnections: restored?.maxConnections, maxQueues: restored?.maxQueues };
    this.#deadLetters = new DeadLetters(runtime, (dead) => this.#publishDead(dead));
    const publish = (publication: Publication): void => this.#publishScheduled(publication);
    this.schedule = new Schedule(runtime, publish, restored?.scheduleLaneId);
    const onLane = (): void => this.#definitions.put(this.definition);
    this.outcomes = new Outcomes(runtime, onLane, restored?.outcomeLaneId);
    this.deduplication = new Deduplication(runtime, this.queues, onLane, restored?.deduplicationLaneId);
    for (const [exchange, type] of PREDECLARED_EXCHANGES) this.#addPredeclared(exchange, type);
    this.#addPredeclared(TRACE_EXCHANGE, 'topic', { internal: true });
    this.#metadata = metadataOf(restored);
    this.#applyTracing();
    this.#routes = new RouteFinder(this.exchanges, this.queues);
  }

  /** Messages that wait for their time. */
  get scheduledCount(): number {
    return this.schedule.count;
  }

  /** What happened to messages here since the start, in queues and exchanges that are gone, too. A sum over all of them. */
  get counters(): MessageCounters {
    return this.totals().counters;
  }

  /** The sum over all queues and exchanges, those that are gone included: for each look, and not for the hot path. */
  totals(): Totals {
    const totals = new Totals();
    totals.add(this.#gone);
    totals.counters.add(this.answers);
    for (const queue of this.queues.values()) totals.addQueue(queue);
    for (const exchange of this.exchanges.values()) totals.counters.addPublications(exchange.counters);
    return totals;
  }

  get limits(): VirtualHostLimits {
    return this.#limits;
  }

  /** Replaces the limits: for what comes, not for what is there. */
  setLimits({ maxConnections, maxQueues }: Partial<VirtualHostLimits>): void {
    this.#limits = { maxConnections, maxQueues };
    this.#definitions.put(this.definition);
  }

  get metadata(): VhostMetadata {
    return this.#metadata;
  }

  /** Replaces what is given, and keeps the rest. */
  setMetadata(change: Partial<VhostMetadata>): void {
    this.#metadata = { ...this.#metadata, ...change };
    this.#applyTracing();
    this.#definitions.put(this.definition);
  }

  #applyTracing(): void {
    if (!this.#metadata.tracing) this.tracer = undefined;
    else this.tracer ??= new Tracer(this.#runtime, this.name, (trace) => this.#publishTrace(trace));
    // Routes that publishers keep lead past the tracer.
    this.#runtime.topologyVersion++;
  }

  /** The vhost itself, without what is in it. */
  get definition(): VhostDefinition {
    const { maxConnections, maxQueues } = this.#limits;
    const scheduleLaneId = this.schedule.laneId;
    return {
      kind: 'vhost',
      name: this.name,
      scheduleLaneId,
      outcomeLaneId: this.outcomes.laneId,
      deduplicationLaneId: this.deduplication.laneId,
      maxConnections,
      maxQueues,
      ...definitionOfMetadata(this.#metadata),
    };
  }

  /** Records all that is in the vhost. The bindings of an exchange in their order: it decides where some types send a message. */
  recordDefinitions(): void {
    const recorder = this.#recorder;
    for (const policy of this.policies) recorder.putPolicy('policy', policy);
    for (const policy of this.operatorPolicies) recorder.putPolicy('operator-policy', policy);
    for (const exchange of this.exchanges.values()) recorder.putExchange(exchange);
    for (const queue of this.queues.values()) recorder.putQueue(queue);
    for (const exchange of this.exchanges.values()) {
      for (const binding of exchange.bindings.values()) recorder.putBinding(binding);
    }
  }

  /** Removes all that is in the vhost, and records it: none of it may come back with a later vhost of the same name. */
  dispose(): void {
    this.#isDisposed = true;
    this.schedule.dispose();
    this.outcomes.dispose();
    this.deduplication.dispose();
    for (const queue of [...this.queues.values()]) this.removeQueue(queue);
    for (const exchange of [...this.exchanges.values()]) this.removeExchange(exchange);
    for (const { name } of this.policies) this.deletePolicy(name);
    for (const { name } of this.operatorPolicies) this.deleteOperatorPolicy(name);
  }

  // ---- after a restart ----

  /** Makes again what was recorded; throws what making it for the first time would. */
  restore(definition: VhostPartDefinition): void {
    switch (definition.kind) {
      case 'policy':
        this.setPolicy(policyOf(definition));
        break;
      case 'operator-policy':
        this.setOperatorPolicy(policyOf(definition));
        break;
      case 'exchange':
        this.#restoreExchange(definition);
        break;
      case 'queue':
        this.#restoreQueue(definition);
        break;
      case 'binding':
        this.#restoreBinding(definition);
        break;
    }
  }

  #restoreExchange(definition: ExchangeDefinition): void {
    const { name, autoDelete, internal } = definition;
    const type = routerType(definition.type);
    this.declareExchange({
      name,
      type,
      durable: true,
      autoDelete,
      internal,
      arguments: definition.arguments,
    });
  }

  /**
   * The queue takes over its lanes, and what holds for it, but does not apply it yet: it may be over a limit, and what it
   * drops then has to find all bindings of the dead-letter exchange.
   */
  #restoreQueue(definition: QueueDefinition): void {
    const { name, autoDelete, laneId } = definition;
    const properties = { durable: true, autoDelete, exclusive: false };
    const declared = parseQueueArguments(definition.arguments, name, this.name, properties);
    const declaration = { ...properties, name, exclusiveOwner: undefined, arguments: definition.arguments };
    const queue = new Queue(this.#runtime, this, declaration, declared, laneId);
    queue.activity.parent = this.activity;
    queue.restoreSettings(this.#settingsOf(queue));
    if (definition.paused === true) queue.pause();
    this.queues.set(name, queue);
    queue.touch();
    this.#runtime.topologyVersion++;
  }

  #restoreBinding(definition: BindingDefinition): void {
    const { destinationKind, destination, routingKey, slot } = definition;
    const source = this.exchange(definition.source);
    const target =
      destinationKind === 'queue' ? this.queue(destination, undefined) : this.exchange(destination);
    this.#bind({ source, destination: target, routingKey, arguments: definition.arguments }, slot);
  }

  /** All that was recorded is there again. */
  finishRestore(): void {
    this.deduplication.finishRestore(this.exchanges);
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
      assertSameExchange(this.name, existing, properties);
      return;
    }
    const exchange = new Exchange(this.#runtime, properties);
    exchange.activity.parent = this.activity;
    this.exchanges.set(exchange.name, exchange);
    this.#applyExchangePolicy(exchange);
    this.#recorder.putExchange(exchange);
    this.#runtime.topologyVersion++;
  }

  /**
   * What `declareExchange` would throw. Returns the exchange of this name, or one that is not in the vhost and shows what bindings it
   * would take.
   */
  checkExchange(properties: ExchangeProperties): Exchange {
    const existing = this.exchanges.get(properties.name);
    if (existing === undefined) return new Exchange(this.#runtime, properties);
    assertSameExchange(this.name, existing, properties);
    return existing;
  }

  /** Removes an exchange and every binding from and to it. */
  removeExchange(exchange: Exchange): void {
    // A list and no recursion: auto-delete exchanges that go with their last binding can make a chain of any length.
    const doomed = [exchange];
    for (let next = doomed.pop(); next !== undefined; next = doomed.pop()) {
      if (this.exchanges.get(next.name) !== next) continue;
      this.exchanges.delete(next.name);
      next.activity.end();
      this.#gone.counters.addPublications(next.counters);
      for (const binding of [...next.bindings.values()]) this.#removeBinding(binding);
      for (const source of this.#removeBindingsTo(next)) if (isUnused(source)) doomed.push(source);
      this.#recorder.removeExchange(next);
      this.deduplication.exchangeDeleted(next);
      this.#runtime.topologyVersion++;
    }
  }

  // ---- bindings ----

  /** Binds; nothing happens when the same binding is there already. */
  bind(source: Exchange, destination: Destination, routingKey: string, args: FieldTable): void {
    this.#bind({ source, destination, routingKey, arguments: args });
  }

  #bind(binding: Binding, slot?: number): void {
    const { source, destination, routingKey } = binding;
    const key = bindingKey(destination, routingKey, binding.arguments);
    source.router.validate?.(binding.arguments, routingKey);
    if (source.bindings.has(key)) return;
    source.bindings.set(key, binding);
    source.router.add(binding, slot);
    this.#bindingsLeadingTo(destination).add(binding);
    this.#recorder.putBinding(binding);
    this.#runtime.topologyVersion++;
    this.#replayHistory(source, destination);
  }

  /** Unbinds; nothing happens when there is no such binding. */
  unbind(source: Exchange, destination: Destination, routingKey: string, args: FieldTable): void {
    const binding = source.bindings.get(bindingKey(destination, routingKey, args));
    if (binding === undefined) return;
    this.#removeBinding(binding);
    if (isUnused(source)) this.removeExchange(source);
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
  declareQueue(asDeclared: QueueDeclaration): Queue {
    const { name, exclusiveOwner, durable, autoDelete } = asDeclared;
    const existing = this.queues.get(name);
    const declaration = withDefaultType(this.#metadata.defaultQueueType, asDeclared, existing);
    if (existing !== undefined) {
      assertSameQueue(this.name, existing, declaration);
      existing.touch();
      this.#runtime.statistics.churn.queuesDeclared++;
      return existing;
    }
    const properties = { durable, autoDelete, exclusive: exclusiveOwner !== undefined };
    const settings = parseQueueArguments(declaration.arguments, name, this.name, properties);
    this.#assertRoomForQueue(name);
    const queue = new Queue(this.#runtime, this, declaration, settings);
    queue.activity.parent = this.activity;
    this.#runtime.statistics.churn.queuesDeclared++;
    this.#runtime.statistics.churn.queuesCreated++;
    this.queues.set(name, queue);
    this.#recorder.putQueue(queue);
    this.#applyQueuePolicy(queue);
    queue.touch();
    exclusiveOwner?.ownQueue(queue);
    this.#runtime.topologyVersion++;
    return queue;
  }

  /** What `declareQueue` would throw, but for the limit on queues. */
  checkQueue(asDeclared: QueueDeclaration): void {
    const existing = this.queues.get(asDeclared.name);
    const declaration = withDefaultType(this.#metadata.defaultQueueType, asDeclared, existing);
    const { name, durable, autoDelete, exclusiveOwner } = declaration;
    if (existing !== undefined) assertSameQueue(this.name, existing, declaration);
    else {
      const properties = { durable, autoDelete, exclusive: exclusiveOwner !== undefined };
      parseQueueArguments(declaration.arguments, name, this.name, properties);
    }
  }

  /** Removes a queue with all it holds; its consumers are told. */
  removeQueue(queue: Queue): void {
    if (this.queues.get(queue.name) !== queue) return;
    this.queues.delete(queue.name);
    for (const source of this.#removeBindingsTo(queue)) if (isUnused(source)) this.removeExchange(source);
    this.#recorder.removeQueue(queue);
    queue.exclusiveOwner?.disownQueue(queue);
    queue.dispose();
    this.deduplication.queueDeleted(queue);
    this.#gone.addQueue(queue);
    this.#runtime.statistics.churn.queuesDeleted++;
    this.activity.touch();
    this.#runtime.topologyVersion++;
  }

  /** Stops a queue from delivering, or lets it go on; a recorded queue is as it was after a restart. */
  setPaused(queue: Queue, paused: boolean): void {
    if (queue.isPaused === paused) return;
    if (paused) queue.pause();
    else queue.resume();
    this.#recorder.putQueue(queue);
  }

  // ---- policies ----

  /** By descending priority. */
  get policies(): readonly Policy[] {
    return this.#policies.policies;
  }

  /** By descending priority. */
  get operatorPolicies(): readonly Policy[] {
    return this.#policies.operatorPolicies;
  }

  /**
   * Adds the policy, or replaces the one of the same name. It holds at once, for what is there and for what comes. Throws
   * PolicyError; nothing has changed then.
   */
  setPolicy(policy: Policy): void {
    this.#policies.set(policy);
    this.#recorder.putPolicy('policy', policy);
    this.#applyPolicies();
  }

  /** As `setPolicy`, for a policy that caps what the others and the arguments of queues ask for. */
  setOperatorPolicy(policy: Policy): void {
    this.#policies.setOperator(policy);
    this.#recorder.putPolicy('operator-policy', policy);
    this.#applyPolicies();
  }

  /** Returns false when there is no policy of that name. */
  deletePolicy(name: string): boolean {
    const deleted = this.#policies.delete(name);
    if (deleted === undefined) return false;
    this.#recorder.removePolicy('policy', deleted);
    this.#applyPolicies();
    return true;
  }

  /** Returns false when there is no operator policy of that name. */
  deleteOperatorPolicy(name: string): boolean {
    const deleted = this.#policies.deleteOperator(name);
    if (deleted === undefined) return false;
    this.#recorder.removePolicy('operator-policy', deleted);
    this.#applyPolicies();
    return true;
  }

  /** The policies that hold for a queue or exchange, and what they say together. */
  effectivePolicy(target: Destination): EffectivePolicy {
    const known = this.#effectivePolicies.get(target);
    if (known !== undefined) return known;
    const type = target.kind === 'queue' ? target.declared.type : undefined;
    const effective = this.#policies.effective(target.kind, target.name, type);
    this.#effectivePolicies.set(target, effective);
    return effective;
  }

  #applyPolicies(): void {
    this.#effectivePolicies = new WeakMap();
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
        // With a TTL of 0 nothing stays that could fill it.
        if (queue.settings.messageTtlMs === 0) continue;
        const { count, bytes } = planned.get(queue) ?? { count: 0, bytes: 0 };
        const bodyBytes = publication.bodyEnd - publication.bodyStart;
        if (!queue.makeRoom(bytes + bodyBytes, count + 1)) return queue;
        planned.set(queue, { count: count + 1, bytes: bytes + bodyBytes });
      }
    }
    return undefined;
  }

  /**
   * Publishes through an exchange: routes, or schedules for later. Appends the queues that it leads to now to `into`. Not for the
   * hot path, which keeps routes. `origin`: who publishes, for a trace.
   */
  publish(
    exchange: Exchange,
    publication: Publication,
    into: Queue[] = [],
    origin?: TraceOrigin,
  ): PublishOutcome {
    const delayMs = this.#allowedDelay(exchange, publication);
    this.countPublished(exchange);
    if (exchange.deduplication === undefined || publication.mayRepeat)
      return this.#publishOrHold(exchange, publication, delayMs, into, origin);
    if (this.deduplication.isRepeatedAt(exchange, publication)) return 'routed';
    const outcome = this.#publishOrHold(exchange, publication, delayMs, into, origin);
    // What was refused, or went nowhere, may be tried again.
    if (outcome === 'routed') this.deduplication.rememberAt(exchange, publication);
    return outcome;
  }

  #publishOrHold(
    exchange: Exchange,
    publication: Publication,
    delayMs: number,
    into: Queue[],
    origin: TraceOrigin | undefined,
  ): PublishOutcome {
    if (delayMs > 0) {
      // Now: when its time comes there is nobody to be told that CC or BCC are malformed.
      routingKeys(publication);
      this.schedule.add(publication, this.#runtime.now() + delayMs);
      if (origin !== undefined) this.tracer?.published(publication, [], origin);
      return 'routed';
    }
    return this.#publishNow(exchange, publication, into, origin);
  }

  /** 406 for headers that `publish` would refuse: who keeps a message for later must not find out then. */
  assertPublishable(exchange: Exchange, publication: Publication): void {
    routingKeys(publication);
    this.#allowedDelay(exchange, publication);
  }

  /** How long the message is to wait; 0 and less: not at all. 406 when that is no number, or too long. */
  #allowedDelay(exchange: Exchange, publication: Publication): number {
    const delayMs = this.#delayOf(exchange, publication);
    assertDelay(delayMs, publication);
    return delayMs;
  }

  #publishNow(
    exchange: Exchange,
    publication: Publication,
    queues: Queue[] = [],
    origin?: TraceOrigin,
  ): PublishOutcome {
    this.route(exchange, publication, queues);
    if (origin !== undefined) this.tracer?.published(publication, queues, origin);
    return this.deliverPublished(exchange, queues, withoutBlindCopies(publication));
  }

  #publishTrace(trace: Publication): void {
    const exchange = this.exchanges.get(TRACE_EXCHANGE);
    if (exchange !== undefined) this.#publishNow(exchange, trace);
  }

  /** A message that was published to `exchange` is routed to `queues`. Runs per message. */
  deliverPublished(exchange: Exchange, queues: readonly Queue[], publication: Publication): PublishOutcome {
    exchange.counters.publishOut += queues.length;
    for (let index = 0; index < queues.length; index++) (queues[index] as Queue).counters.publish++;
    const { messageTracer } = this.#runtime;
    if (messageTracer !== undefined) this.#tracePublished(messageTracer, queues, publication);
    return this.deliver(queues, publication);
  }

  #tracePublished(tracer: MessageTracer, queues: readonly Queue[], publication: Publication): void {
    const message = tracedPublication(publication, this.name);
    if (message === undefined) return;
    tracer.onPublish(
      message,
      queues.map(({ name }) => name),
    );
  }

  /** Counts a message that came to `exchange`. Runs per message. */
  countPublished(exchange: Exchange): void {
    const { activity } = exchange;
    exchange.counters.publishIn++;
    if (!activity.isAwake) activity.touch();
  }

  /** Puts the message into `queues`, as one record. Runs per message. */
  deliver(queues: readonly Queue[], publication: Publication): PublishOutcome {
    if (queues.length === 1) return this.#deliverToOne(queues[0] as Queue, publication);
    if (queues.length === 0) return 'unroutable';
    return this.#deliverToMany(queues, publication);
  }

  deadLetter(queue: Queue, lane: Lane, seq: number, reason: DeathReason): void {
    const record = this.#runtime.readRecord(lane.position(seq));
    this.#deadLetters.publish(queue, Publication.fromRecord(record), reason);
  }

  keepOutcome(
    queue: Queue,
    message: EndedMessage,
    ending: Ending,
    result: SettlementResult | undefined,
  ): void {
    if (this.#isDisposed) return;
    const { deadLetterExchange } = queue.settings;
    const isDeadLettered = deadLetterExchange !== undefined && this.exchanges.has(deadLetterExchange);
    this.outcomes.keep(queue, message, { ending, isDeadLettered, result });
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
    // Nobody can be refused any more: too long is as long as may be, and no number is no delay.
    const delayMs = Math.min(this.#delayOf(exchange, dead), DELAY_MAX_MS);
    if (delayMs > 0) {
      this.schedule.add(dead, this.#runtime.now() + delayMs);
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
    const { deduplication } = queue.settings;
    if (deduplication !== undefined && this.#isRepeatedIn(queue, publication)) return 'routed';
    if (!queue.makeRoom(bodyBytes)) {
      this.#deadLetterRefused(queue, publication);
      return 'refused';
    }
    const lanes = this.#singleLane;
    const lane = queue.laneFor(publication.priority);
    lanes[0] = lane;
    const { store } = this.#runtime;
    const durable = publication.persistent && queue.isRecorded;
    const position = appendMessageRecord(store, publication, lanes, 0, 1, durable, this.#runtime.now());
    queue.enqueue(lane, position, bodyBytes, publication.expirationMs, publication.wantsOutcome);
    if (deduplication !== undefined) this.#rememberIn(queue, publication, lane);
    queue.trim();
    return 'routed';
  }

  #isRepeatedIn(queue: Queue, publication: Publication): boolean {
    return !publication.mayRepeat && this.deduplication.isRepeatedIn(queue, publication);
  }

  /** The message is the newest of `lane`. */
  #rememberIn(queue: Queue, publication: Publication, lane: Lane): void {
    this.deduplication.rememberIn(queue, publication, { laneId: lane.id, seq: lane.nextSeq - 1 });
  }

  #deliverToMany(queues: readonly Queue[], publication: Publication): PublishOutcome {
    const bodyBytes = publication.bodyEnd - publication.bodyStart;
    const accepting: Queue[] = [];
    const refusing: Queue[] = [];
    for (const queue of queues) {
      if (queue.settings.deduplication !== undefined && this.#isRepeatedIn(queue, publication)) continue;
      (queue.makeRoom(bodyBytes) ? accepting : refusing).push(queue);
    }
    const lanes = accepting.map((queue) => queue.laneFor(publication.priority));
    const durable = publication.persistent && accepting.some((queue) => queue.isRecorded);
    const nowMs = this.#runtime.now();
    for (let from = 0; from < lanes.length; from += DESTINATIONS_MAX) {
      const count = Math.min(DESTINATIONS_MAX, lanes.length - from);
      const { store } = this.#runtime;
      const position = appendMessageRecord(store, publication, lanes, from, count, durable, nowMs);
      for (let index = from; index < from + count; index++) {
        const queue = accepting[index] as Queue;
        const { expirationMs, wantsOutcome } = publication;
        queue.enqueue(lanes[index] as Lane, position, bodyBytes, expirationMs, wantsOutcome);
        if (queue.settings.deduplication !== undefined)
          this.#rememberIn(queue, publication, lanes[index] as Lane);
      }
    }
    // Only now: what a queue drops may be dead-lettered into one that this record was still on its way to.
    for (const queue of accepting) queue.trim();
    for (const queue of refusing) this.#deadLetterRefused(queue, publication);
    return refusing.length === 0 ? 'routed' : 'refused';
  }

  #delayOf(exchange: Exchange, publication: Publication): number {
    return delayOf(exchange, publication, this.#wallMs);
  }

  /** The time of a scheduled message has come. Its exchange may be gone by now. */
  #publishScheduled(publication: Publication): void {
    const exchange = this.exchanges.get(publication.exchange);
    if (exchange === undefined) return;
    if (exchange.isDelayed) negateDelay(publication);
    this.#publishNow(exchange, publication);
  }

  /**
   * x-recent-history: gives a new destination the messages that the exchange keeps. No exchange keeps them again, or a circle
   * of bindings would never end. A copy, because what a queue drops may come back as a dead letter meanwhile.
   */
  #replayHistory(source: Exchange, destination: Destination): void {
    for (const publication of [...source.history]) {
      const queues: Queue[] = [];
      if (destination.kind === 'queue') queues.push(destination);
      else this.#routes.find(destination, publication, queues);
      this.deliver(queues, withoutBlindCopies(publication));
    }
  }

  #applyQueuePolicy(queue: Queue): void {
    queue.applySettings(this.#settingsOf(queue));
  }

  /** The arguments of the queue under the policies that hold for it. */
  #settingsOf(queue: Queue): QueueArguments {
    const { definition } = this.#policies.effective('queue', queue.name, queue.declared.type);
    return definition.size === 0 ? queue.declared : applyPolicy(queue.declared, definition);
  }

  #applyExchangePolicy(exchange: Exchange): void {
    const { definition } = this.#policies.effective('exchange', exchange.name);
    const alternate = definition.get('alternate-exchange')?.value;
    exchange.alternateExchange =
      exchange.declaredAlternate ?? (typeof alternate === 'string' ? alternate : undefined);
  }

  #assertRoomForQueue(name: string): void {
    const { maxQueues } = this.#limits;
    if (!isAtLimit(this.queues.size, maxQueues)) return;
    throw preconditionFailed(
      `cannot declare queue '${name}': queue limit in vhost '${this.name}' (${maxQueues}) is reached`,
    );
  }

  #addPredeclared(name: string, type: RouterType, { internal } = { internal: false }): void {
    const properties = {
      name,
      type,
      durable: true,
      autoDelete: false,
      internal,
      arguments: new Map(),
      predeclared: true,
    };
    const exchange = new Exchange(this.#runtime, properties);
    exchange.activity.parent = this.activity;
    this.exchanges.set(name, exchange);
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
    this.#recorder.removeBinding(binding);
    source.bindings.delete(bindingKey(destination, routingKey, args));
    source.router.remove(binding);
    const leadingTo = this.#bindingsTo.get(destination);
    leadingTo?.delete(binding);
    if (leadingTo?.size === 0) this.#bindingsTo.delete(destination);
    this.#runtime.topologyVersion++;
  }

  /** Returns the exchanges that the bindings left. */
  #removeBindingsTo(destination: Destination): Set<Exchange> {
    const sources = new Set<Exchange>();
    for (const binding of [...this.bindingsTo(destination)]) {
      this.#removeBinding(binding);
      sources.add(binding.source);
    }
    return sources;
  }
}

/** An auto-delete exchange goes with its last binding. */
function isUnused(exchange: Exchange): boolean {
  return exchange.autoDelete && exchange.bindings.size === 0;
}

/** `setPolicy` refuses a target that it does not know. */
function policyOf({ vhost, name, pattern, applyTo, priority, definition }: PolicyDefinition): Policy {
  return { vhost, name, pattern, applyTo: applyTo as PolicyTarget, priority, definition };
}

function bindingKey(destination: Destination, routingKey: string, args: FieldTable): string {
  const { kind, name } = destination;
  return `${kind}:${name.length}:${name}:${routingKey.length}:${routingKey}:${tableKey(args)}`;
}
