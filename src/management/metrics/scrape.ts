/**
 * The answers to Prometheus, written in slices, so that messages go on flowing:
 *
 *     /metrics                 the sums over all queues, channels and connections
 *     /metrics/per-object      one sample per queue, channel, connection and exchange
 *     /metrics/detailed        the same, of the families and vhosts that are asked for only
 */
import type { Pattern } from '../../core/access/pattern.ts';
import type { Channel } from '../../core/channel/channel.ts';
import type { Connection } from '../../core/connection/connection.ts';
import type { Queue } from '../../core/queue/queue.ts';
import { flowOf } from '../../core/statistics/flow.ts';
import type { Totals } from '../../core/statistics/totals.ts';
import type { Exchange } from '../../core/vhost/exchange.ts';
import type { VirtualHost } from '../../core/vhost/virtual-host.ts';
import { channelName } from '../connection-name.ts';
import type { ManagementContext } from '../management-context.ts';
import { SlicedWork } from '../work-slices.ts';
import {
  type BrokerFacts,
  type BrokerMetric,
  LEVERET_METRICS,
  NODE_METRICS,
  type ObjectCounts,
  TOTAL_METRICS,
} from './broker-metrics.ts';
import { CHANNEL_METRICS } from './channel-metrics.ts';
import { CONNECTION_METRICS } from './connection-metrics.ts';
import type { EventLoopDelay } from './event-loop-delay.ts';
import { CLUSTER_EXCHANGE_METRICS, EXCHANGE_METRICS } from './exchange-metrics.ts';
import { FLOW_WINDOW_SECONDS, QUEUE_FLOW_METRICS, type QueueFlow } from './flow-metrics.ts';
import type { HttpRequests } from './http-requests.ts';
import { identityLabels } from './identity.ts';
import type { ObjectMetric } from './metric.ts';
import { joinLabels, labelsOf, MetricsText } from './metrics-text.ts';
import { QUEUE_METRICS } from './queue-metrics.ts';

/** Characters that are handed over in one piece. */
const CHUNK_CHARACTERS = 64 * 1024;
/** What only /metrics/detailed has does not belong on a page about everything. */
const CLUSTER_PREFIX = 'rabbitmq_cluster_';
/** Leveret's own metrics of queues, as a family of /metrics/detailed. */
const FLOW_FAMILY = 'leveret_queue_flow';

export interface ScrapeSources {
  readonly context: ManagementContext;
  readonly requests: HttpRequests;
  readonly eventLoopDelay: EventLoopDelay;
}

/** What /metrics/detailed is asked for. */
export interface DetailFilter {
  readonly families: ReadonlySet<string>;
  /** Undefined: all. */
  readonly vhosts: ReadonlySet<string> | undefined;
  /** Queues whose name it matches; undefined: all. */
  readonly queues: Pattern | undefined;
}

/** An object with its labels, written once for all of its lines. */
interface Labelled<T> {
  readonly object: T;
  readonly labels: string;
}

export function scrapeTotals(sources: ScrapeSources): AsyncGenerator<string> {
  return new Scrape(sources, 'rabbitmq_').totals();
}

export function scrapePerObject(sources: ScrapeSources): AsyncGenerator<string> {
  return new Scrape(sources, 'rabbitmq_').perObject();
}

export function scrapeDetailed(sources: ScrapeSources, filter: DetailFilter): AsyncGenerator<string> {
  return new Scrape(sources, 'rabbitmq_detailed_', filter).detailed(filter);
}

/** One scrape. Objects that come meanwhile are left out, and those that go are still told of. */
class Scrape {
  readonly #sources: ScrapeSources;
  readonly #prefix: string;
  readonly #filter: DetailFilter | undefined;
  readonly #text = new MetricsText();
  /** Undefined: all. */
  #queuesAsked: readonly Queue[] | undefined;
  #work!: SlicedWork;

  constructor(sources: ScrapeSources, prefix: string, filter?: DetailFilter) {
    this.#sources = sources;
    this.#prefix = prefix;
    this.#filter = filter;
  }

  async *totals(): AsyncGenerator<string> {
    this.#work = await SlicedWork.begin();
    const facts = await this.#facts();
    for (const metric of [...TOTAL_METRICS, ...NODE_METRICS]) this.#writeOne(metric, this.#prefix, facts);
    yield* this.#sums(QUEUE_METRICS, this.#queues(), facts.totals);
    yield* this.#sums(CHANNEL_METRICS, this.#channels(), facts.totals);
    yield* this.#sums(CONNECTION_METRICS, this.#sources.context.broker.connections, facts.totals);
    yield* this.#sums(EXCHANGE_METRICS, this.#exchanges(), facts.totals);
    for (const metric of LEVERET_METRICS) this.#writeOne(metric, '', facts);
    this.#writeIdentity('aggregated');
    yield this.#text.take();
  }

  async *perObject(): AsyncGenerator<string> {
    this.#work = await SlicedWork.begin();
    const facts = await this.#facts();
    for (const metric of [...TOTAL_METRICS, ...NODE_METRICS]) this.#writeOne(metric, this.#prefix, facts);
    for (const metric of LEVERET_METRICS) this.#writeOne(metric, '', facts);
    yield* this.#each(QUEUE_METRICS, await this.#labelled(this.#queues(), queueLabels));
    yield* this.#each(CHANNEL_METRICS, await this.#labelled(this.#channels(), channelLabels));
    yield* this.#each(CONNECTION_METRICS, await this.#labelled(this.#connections(), connectionLabels));
    yield* this.#each(EXCHANGE_METRICS, await this.#exchangesLabelled(false));
    yield* this.#flows();
    this.#writeIdentity('per-object');
    yield this.#text.take();
  }

  async *detailed({ families }: DetailFilter): AsyncGenerator<string> {
    this.#work = await SlicedWork.begin();
    await this.#chooseQueues();
    const wanted = <M extends { readonly family: string }>(metrics: readonly M[]): readonly M[] =>
      metrics.filter(({ family }) => families.has(family) || isCountOfConsumers(family, families));
    const node = wanted(NODE_METRICS);
    if (node.length > 0) {
      const facts = await this.#facts();
      for (const metric of node) this.#writeOne(metric, this.#prefix, facts);
    }
    yield* this.#each(wanted(QUEUE_METRICS), () => this.#labelled(this.#queues(), queueLabels));
    yield* this.#each(wanted(CHANNEL_METRICS), () => this.#labelled(this.#channels(), channelLabels));
    yield* this.#each(wanted(CONNECTION_METRICS), () =>
      this.#labelled(this.#connections(), connectionLabels),
    );
    yield* this.#each(wanted(EXCHANGE_METRICS), () => this.#exchangesLabelled(false));
    yield* this.#each(wanted(CLUSTER_EXCHANGE_METRICS), () => this.#exchangesLabelled(true), CLUSTER_PREFIX);
    if (families.has('vhost_status')) this.#writeVhosts();
    if (families.has(FLOW_FAMILY)) yield* this.#flows();
    this.#writeIdentity('detailed');
    yield this.#text.take();
  }

  // ---- what is looked at ----

  *#vhosts(): Iterable<VirtualHost> {
    const asked = this.#filter?.vhosts;
    for (const vhost of this.#sources.context.broker.vhosts.values()) {
      if (asked === undefined || asked.has(vhost.name)) yield vhost;
    }
  }

  *#queues(): Iterable<Queue> {
    if (this.#queuesAsked !== undefined) yield* this.#queuesAsked;
    else for (const vhost of this.#vhosts()) yield* vhost.queues.values();
  }

  /** A pattern may take a while for each name, and it may match none. */
  async #chooseQueues(): Promise<void> {
    const pattern = this.#filter?.queues;
    if (pattern === undefined) return;
    const matching: Queue[] = [];
    for (const queue of this.#queues()) {
      if (this.#work.isDue) await this.#work.pause();
      if (pattern.test(queue.name)) matching.push(queue);
    }
    this.#queuesAsked = matching;
  }

  *#exchangesOf(): Iterable<readonly [VirtualHost, Exchange]> {
    for (const vhost of this.#vhosts()) {
      for (const exchange of vhost.exchanges.values()) yield [vhost, exchange];
    }
  }

  *#exchanges(): Iterable<Exchange> {
    for (const [, exchange] of this.#exchangesOf()) yield exchange;
  }

  *#connections(): Iterable<Connection> {
    for (const connection of this.#sources.context.broker.connections) {
      if (this.#isAsked(connection)) yield connection;
    }
  }

  *#channels(): Iterable<Channel> {
    for (const connection of this.#connections()) {
      for (const channel of connection.channels.values()) if (channel.state === 'open') yield channel;
    }
  }

  #isAsked({ session }: Connection): boolean {
    const asked = this.#filter?.vhosts;
    return session !== undefined && (asked === undefined || asked.has(session.vhost.name));
  }

  async #labelled<T>(objects: Iterable<T>, labels: (object: T) => string): Promise<Labelled<T>[]> {
    const labelled: Labelled<T>[] = [];
    for (const object of objects) {
      if (this.#work.isDue) await this.#work.pause();
      labelled.push({ object, labels: labels(object) });
    }
    return labelled;
  }

  async #exchangesLabelled(withType: boolean): Promise<Labelled<Exchange>[]> {
    const labelled: Labelled<Exchange>[] = [];
    for (const [vhost, exchange] of this.#exchangesOf()) {
      if (this.#work.isDue) await this.#work.pause();
      // RabbitMQ does not show the default exchange where it shows types: it has no bindings of its own.
      if (withType && exchange.name === '') continue;
      const { name, type } = exchange;
      const labels = labelsOf({ vhost: vhost.name, exchange: name, type: withType ? type : undefined });
      labelled.push({ object: exchange, labels });
    }
    return labelled;
  }

  async #facts(): Promise<BrokerFacts> {
    const { context } = this.#sources;
    const { host, broker } = context;
    const objects = await this.#countObjects();
    // Each looks at all queues at once, which takes some milliseconds.
    await this.#work.pause();
    const totals = broker.totals();
    await this.#work.pause();
    const flow = flowOf(broker.activity, broker.runtime.now(), FLOW_WINDOW_SECONDS);
    await this.#work.pause();
    return { ...this.#sources, node: host.node(), storage: host.storage?.(), totals, flow, objects };
  }

  async #countObjects(): Promise<ObjectCounts> {
    const { broker } = this.#sources.context;
    let [connections, channels, consumers, publishers, blockedConnections] = [0, 0, 0, 0, 0];
    let toConfirm = 0;
    for (const connection of broker.connections) {
      if (this.#work.isDue) await this.#work.pause();
      if (connection.session === undefined) continue;
      connections++;
      if (connection.isBlocked) blockedConnections++;
      for (const { state, deliveries, counters, publisher } of connection.channels.values()) {
        if (state !== 'open') continue;
        channels++;
        consumers += deliveries.consumers.size;
        if (counters.publish > 0) publishers++;
        toConfirm += publisher.confirms.publishedCount;
      }
    }
    toConfirm += broker.runtime.received.toConfirmOfClosed;
    let queues = 0;
    for (const vhost of broker.vhosts.values()) queues += vhost.queues.size;
    return { connections, channels, consumers, queues, publishers, blockedConnections, toConfirm };
  }

  // ---- what is written ----

  #writeOne({ name, type, help, samples }: BrokerMetric, prefix: string, facts: BrokerFacts): void {
    const text = this.#text;
    const full = prefix + name;
    text.head({ name: full, type, help });
    for (const [labels, value, suffix = ''] of samples(facts)) {
      if (value !== undefined) text.sample(full + suffix, labels, value);
    }
  }

  /** One sample per metric: the sum over all objects. */
  async *#sums<T>(
    metrics: readonly ObjectMetric<T>[],
    objects: Iterable<T>,
    totals: Totals,
  ): AsyncGenerator<string> {
    const sums = new Float64Array(metrics.length);
    for (const object of objects) {
      if (this.#work.isDue) await this.#work.pause();
      for (let index = 0; index < metrics.length; index++) {
        const { total, value } = metrics[index] as ObjectMetric<T>;
        if (total === undefined) (sums[index] as number) += value(object) ?? 0;
      }
    }
    for (const [index, { name, type, help, total }] of metrics.entries()) {
      const full = this.#prefix + name;
      this.#text.head({ name: full, type, help });
      this.#text.sample(full, '', total === undefined ? (sums[index] as number) : total(totals));
    }
    if (this.#text.length >= CHUNK_CHARACTERS) yield this.#text.take();
  }

  /** One sample per metric and object. */
  async *#each<T>(
    metrics: readonly ObjectMetric<T>[],
    objects: readonly Labelled<T>[] | (() => Promise<readonly Labelled<T>[]>),
    prefix: string = this.#prefix,
  ): AsyncGenerator<string> {
    if (metrics.length === 0) return;
    const text = this.#text;
    const labelled = typeof objects === 'function' ? await objects() : objects;
    for (const { name, type, help, value } of metrics) {
      const full = prefix + name;
      text.head({ name: full, type, help });
      for (const { object, labels } of labelled) {
        if (this.#work.isDue) await this.#work.pause();
        const sample = value(object);
        if (sample !== undefined) text.sample(full, labels, sample);
        if (text.length >= CHUNK_CHARACTERS) yield text.take();
      }
    }
  }

  async *#flows(): AsyncGenerator<string> {
    const text = this.#text;
    const flows = await this.#queueFlows();
    for (const { name, type, help, samples } of QUEUE_FLOW_METRICS) {
      text.head({ name, type, help });
      for (const { object, labels } of flows) {
        if (this.#work.isDue) await this.#work.pause();
        for (const [more, value] of samples(object)) {
          if (value !== undefined) text.sample(name, joinLabels(labels, more), value);
        }
        if (text.length >= CHUNK_CHARACTERS) yield text.take();
      }
    }
  }

  async #queueFlows(): Promise<Labelled<QueueFlow>[]> {
    const { runtime } = this.#sources.context.broker;
    const flows: Labelled<QueueFlow>[] = [];
    for (const queue of this.#queues()) {
      if (this.#work.isDue) await this.#work.pause();
      const nowMs = runtime.now();
      const flow = flowOf(queue.activity, nowMs, FLOW_WINDOW_SECONDS);
      flows.push({ object: { queue, flow, nowMs }, labels: queueLabels(queue) });
    }
    return flows;
  }

  #writeVhosts(): void {
    const name = `${CLUSTER_PREFIX}vhost_status`;
    this.#text.head({ name, type: 'gauge', help: 'Whether a given vhost is running' });
    for (const vhost of this.#vhosts()) this.#text.sample(name, labelsOf({ vhost: vhost.name }), 1);
  }

  /** What the queries of dashboards join everything with. */
  #writeIdentity(endpoint: 'aggregated' | 'per-object' | 'detailed'): void {
    const { build, identity } = identityLabels(this.#sources.context, endpoint);
    const text = this.#text;
    text.head({ name: 'rabbitmq_build_info', type: 'untyped', help: 'RabbitMQ & Erlang/OTP version info' });
    text.sample('rabbitmq_build_info', build, 1);
    text.head({
      name: 'rabbitmq_identity_info',
      type: 'untyped',
      help: 'RabbitMQ node & cluster identity info',
    });
    text.sample('rabbitmq_identity_info', identity, 1);
  }
}

/** RabbitMQ tells how many consumers a queue has in two families. */
function isCountOfConsumers(family: string, asked: ReadonlySet<string>): boolean {
  return family === 'queue_consumer_count' && asked.has('queue_metrics');
}

function queueLabels({ vhost, name }: Queue): string {
  return labelsOf({ vhost: vhost.name, queue: name });
}

function channelLabels({ connection, number, session }: Channel): string {
  return labelsOf({ channel: channelName(connection, number), vhost: session.vhost.name });
}

/** RabbitMQ calls the label of a connection `channel`, too. */
function connectionLabels({ name }: Connection): string {
  return labelsOf({ channel: name });
}
