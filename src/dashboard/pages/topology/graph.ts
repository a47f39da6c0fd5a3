/**
 * The graph of a vhost: what it holds and how it is joined.
 *
 *     exchange -- binding --> exchange, queue -- delivery --> consumers
 *        |                                |
 *        +-- alternate --> exchange       +-- dead-letter --> exchange, queue
 *
 * The ids are made of encoded names, so that they may stand anywhere.
 */
import { isPredeclared } from '../../data/exchanges.ts';
import { segment } from '../../data/http.ts';
import type {
  TopologyAnswers,
  TopologyBinding,
  TopologyConsumer,
  TopologyExchange,
  TopologyQueue,
} from '../../data/topology.ts';

export interface ExchangeNode {
  readonly kind: 'exchange';
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly isBuiltIn: boolean;
  /** Built in, and nobody made use of it. */
  readonly isUnused: boolean;
  /** Messages in a second; undefined: nothing was counted. */
  readonly inRate: number | undefined;
  readonly outRate: number | undefined;
}

export interface QueueNode {
  readonly kind: 'queue';
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly state: QueueState;
  readonly messageCount: number | undefined;
  readonly inRate: number | undefined;
  readonly outRate: number | undefined;
}

/** - stuck: it holds messages, and nobody takes them. */
export type QueueState = 'paused' | 'stuck' | 'flowing' | 'idle';

/** The consumers of one queue that are of one connection; or all of them, when they are many. */
export interface ConsumerNode {
  readonly kind: 'consumer';
  readonly id: string;
  readonly queue: string;
  /** One, unless they are many: none then. */
  readonly connection: string | undefined;
  readonly connectionCount: number;
  readonly tags: readonly string[];
  readonly rate: number | undefined;
}

/** An exchange that something names and that does not exist. */
export interface MissingNode {
  readonly kind: 'missing';
  readonly id: string;
  readonly name: string;
}

export type TopologyNode = ExchangeNode | QueueNode | ConsumerNode | MissingNode;
export type EdgeKind = 'binding' | 'delivery' | 'dead-letter' | 'alternate';

export interface TopologyEdge {
  readonly id: string;
  readonly kind: EdgeKind;
  readonly source: string;
  readonly target: string;
  /** Routing keys, or what a header must be. */
  readonly keys: readonly string[];
  /** A share of what comes in at the target: the broker does not count per binding. Undefined where nothing tells it. */
  readonly rate: number | undefined;
}

export interface Graph {
  readonly nodes: ReadonlyMap<string, TopologyNode>;
  readonly edges: ReadonlyMap<string, TopologyEdge>;
}

/** Connections of a queue that are shown one by one. */
export const CONNECTIONS_SHOWN_MAX = 3;
export const DEFAULT_EXCHANGE = '';

export function exchangeId(name: string): string {
  return `e-${segment(name)}`;
}

export function queueId(name: string): string {
  return `q-${segment(name)}`;
}

export function edgeId(kind: EdgeKind, source: string, target: string): string {
  return `${kind}_${source}_${target}`;
}

export function buildGraph(answers: TopologyAnswers): Graph {
  const builder = new GraphBuilder(answers);
  builder.addExchanges();
  builder.addQueues();
  builder.addBindings();
  builder.addConsumers();
  return builder;
}

class GraphBuilder implements Graph {
  readonly nodes = new Map<string, TopologyNode>();
  readonly edges = new Map<string, TopologyEdge>();
  readonly #answers: TopologyAnswers;
  readonly #bound: ReadonlySet<string>;

  constructor(answers: TopologyAnswers) {
    this.#answers = answers;
    const explicit = answers.bindings.filter(({ source }) => source !== DEFAULT_EXCHANGE);
    this.#bound = new Set(explicit.flatMap((binding) => [exchangeId(binding.source), targetId(binding)]));
  }

  addExchanges(): void {
    for (const exchange of this.#answers.exchanges) {
      const node = exchangeNode(exchange, this.#bound);
      this.nodes.set(node.id, node);
    }
    const policies = new Map(this.#answers.policies.map(({ name, definition }) => [name, definition]));
    for (const { name, policy, arguments: args } of this.#answers.exchanges) {
      const definition = policy === undefined ? undefined : policies.get(policy);
      const alternate = textOf(args['alternate-exchange']) ?? textOf(definition?.['alternate-exchange']);
      if (alternate !== undefined) this.#link('alternate', exchangeId(name), this.#exchangeNamed(alternate));
    }
  }

  addQueues(): void {
    for (const queue of this.#answers.queues) this.nodes.set(queueId(queue.name), queueNode(queue));
    for (const queue of this.#answers.queues) this.#addDeadLetterLink(queue);
  }

  /** Through the default exchange with a routing key, dead letters go right to a queue. */
  #addDeadLetterLink({ name, arguments: args, effective_policy_definition: policy }: TopologyQueue): void {
    const exchange = textOf(args['x-dead-letter-exchange']) ?? textOf(policy?.['dead-letter-exchange']);
    if (exchange === undefined) return;
    const key = textOf(args['x-dead-letter-routing-key']) ?? textOf(policy?.['dead-letter-routing-key']);
    const direct = exchange === DEFAULT_EXCHANGE && key !== undefined ? queueId(key) : undefined;
    const target = direct !== undefined && this.nodes.has(direct) ? direct : this.#exchangeNamed(exchange);
    this.#link('dead-letter', queueId(name), target, key === undefined || target === direct ? [] : [key]);
  }

  /** Bindings with the same ends are one edge. */
  addBindings(): void {
    const shares = incomingShares(this.#answers);
    const keysOf = new Map<string, string[]>();
    for (const binding of this.#answers.bindings) {
      const [source, target] = [exchangeId(binding.source), targetId(binding)];
      if (!this.nodes.has(source) || !this.nodes.has(target)) continue;
      const id = edgeId('binding', source, target);
      const keys = keysOf.get(id) ?? [];
      const label = bindingLabel(binding);
      if (label !== '' && !keys.includes(label)) keys.push(label);
      keysOf.set(id, keys);
      const rate = rateIn(this.nodes.get(target));
      const share = shares.get(target)?.get(binding.source) ?? 0;
      this.#link('binding', source, target, keys, rate === undefined ? undefined : rate * share);
    }
  }

  addConsumers(): void {
    const byQueue = new Map<string, TopologyConsumer[]>();
    for (const consumer of this.#answers.consumers) {
      const queue = consumer.queue.name;
      if (!this.nodes.has(queueId(queue))) continue;
      const consumers = byQueue.get(queue) ?? [];
      consumers.push(consumer);
      byQueue.set(queue, consumers);
    }
    for (const [queue, consumers] of byQueue) this.#addConsumersOf(queue, consumers);
  }

  /** Their ids count up, so that a consumer that comes back with another connection stays where it was. */
  #addConsumersOf(queue: string, consumers: readonly TopologyConsumer[]): void {
    const source = queueId(queue);
    const node = this.nodes.get(source);
    const outRate = node?.kind === 'queue' ? node.outRate : undefined;
    for (const [at, group] of groupsOf(consumers).entries()) {
      const rate = outRate === undefined ? undefined : (outRate * group.tags.length) / consumers.length;
      const id = `c${at}-${segment(queue)}`;
      this.nodes.set(id, { kind: 'consumer', id, queue, ...group, rate });
      this.#link('delivery', source, id, [], rate);
    }
  }

  #exchangeNamed(name: string): string {
    const id = exchangeId(name);
    if (this.nodes.has(id)) return id;
    const missing = `m-${segment(name)}`;
    this.nodes.set(missing, { kind: 'missing', id: missing, name });
    return missing;
  }

  #link(
    kind: EdgeKind,
    source: string,
    target: string,
    keys: readonly string[] = [],
    rate: number | undefined = undefined,
  ): void {
    const id = edgeId(kind, source, target);
    this.edges.set(id, { id, kind, source, target, keys, rate });
  }
}

function exchangeNode(
  { name, type, message_stats: stats }: TopologyExchange,
  bound: ReadonlySet<string>,
): ExchangeNode {
  const id = exchangeId(name);
  const builtIn = isPredeclared(name);
  return {
    kind: 'exchange',
    id,
    name,
    type,
    isBuiltIn: builtIn,
    isUnused: builtIn && !bound.has(id) && (stats?.publish_in ?? 0) === 0,
    inRate: stats?.publish_in_details?.rate,
    outRate: stats?.publish_out_details?.rate,
  };
}

function queueNode(queue: TopologyQueue): QueueNode {
  const { name, type, messages, message_stats: stats } = queue;
  return {
    kind: 'queue',
    id: queueId(name),
    name,
    type,
    state: stateOf(queue),
    messageCount: messages,
    inRate: stats?.publish_details?.rate,
    outRate: stats?.deliver_get_details?.rate,
  };
}

function stateOf({
  state,
  messages_ready = 0,
  consumers = 0,
  message_stats: stats,
}: TopologyQueue): QueueState {
  if (state === 'paused') return 'paused';
  if (messages_ready > 0 && consumers === 0) return 'stuck';
  const rate = (stats?.publish_details?.rate ?? 0) + (stats?.deliver_get_details?.rate ?? 0);
  return rate > 0 ? 'flowing' : 'idle';
}

function targetId({ destination, destination_type }: TopologyBinding): string {
  return destination_type === 'exchange' ? exchangeId(destination) : queueId(destination);
}

/** The default exchange's key is the name of the queue: it says nothing new. */
function bindingLabel({ source, routing_key, arguments: args }: TopologyBinding): string {
  if (source === DEFAULT_EXCHANGE) return '';
  const headers = Object.entries(args).map(([name, value]) => `${name}=${valueText(value)}`);
  return [routing_key, ...headers].filter((part) => part !== '').join(', ');
}

function valueText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function rateIn(node: TopologyNode | undefined): number | undefined {
  return node?.kind === 'exchange' || node?.kind === 'queue' ? node.inRate : undefined;
}

type Shares = ReadonlyMap<string, ReadonlyMap<string, number>>;

/**
 * Of what comes in at a queue or exchange, the share of each exchange that is bound to it: as the exchanges' own traffic, or the
 * same of each when they have none. By target id, then by the name of the exchange.
 */
function incomingShares({ exchanges, bindings }: TopologyAnswers): Shares {
  const traffic = new Map(
    exchanges.map(({ name, message_stats: stats }) => [name, stats?.publish_in_details?.rate ?? 0]),
  );
  const shares = new Map<string, Map<string, number>>();
  for (const binding of bindings) {
    const sources = shares.get(targetId(binding)) ?? new Map<string, number>();
    sources.set(binding.source, traffic.get(binding.source) ?? 0);
    shares.set(targetId(binding), sources);
  }
  for (const sources of shares.values()) normalise(sources);
  return shares;
}

function normalise(sources: Map<string, number>): void {
  const sum = [...sources.values()].reduce((total, rate) => total + rate, 0);
  // every queue is bound to the default exchange, which is the likely source only when it is the only one
  const others = [...sources.keys()].filter((name) => name !== DEFAULT_EXCHANGE).length;
  for (const [name, rate] of sources) {
    if (sum > 0) sources.set(name, rate / sum);
    else if (others === 0) sources.set(name, 1);
    else sources.set(name, name === DEFAULT_EXCHANGE ? 0 : 1 / others);
  }
}

type ConsumerGroup = Pick<ConsumerNode, 'connection' | 'connectionCount' | 'tags'>;

function groupsOf(consumers: readonly TopologyConsumer[]): readonly ConsumerGroup[] {
  const byConnection = new Map<string | undefined, string[]>();
  for (const { consumer_tag, channel_details } of consumers) {
    const connection = channel_details?.connection_name;
    const tags = byConnection.get(connection) ?? [];
    tags.push(consumer_tag);
    byConnection.set(connection, tags);
  }
  if (byConnection.size > CONNECTIONS_SHOWN_MAX) {
    const tags = consumers.map(({ consumer_tag }) => consumer_tag);
    return [{ connection: undefined, connectionCount: byConnection.size, tags }];
  }
  return [...byConnection].map(([connection, tags]) => ({ connection, connectionCount: 1, tags }));
}
