/** Metrics of the broker as a whole: those of RabbitMQ, and Leveret's own. One sample each, or a few. */

import type { AttemptCounts } from '../../core/access/login-attempts.ts';
import { SIZE_BOUNDS } from '../../core/message/received-messages.ts';
import type { Flow } from '../../core/statistics/flow.ts';
import type { Totals } from '../../core/statistics/totals.ts';
import type { ManagementContext } from '../management-context.ts';
import type { NodeFacts, StorageFacts } from '../management-host.ts';
import { CLUSTER_METRICS } from './cluster-metrics.ts';
import { DELAY_QUANTILES, type EventLoopDelay } from './event-loop-delay.ts';
import type { HttpRequests } from './http-requests.ts';
import { joinLabels, labelsOf, type MetricType } from './metrics-text.ts';

/** What a scrape looks at, gathered once. */
export interface BrokerFacts {
  readonly context: ManagementContext;
  readonly node: NodeFacts;
  readonly storage: StorageFacts | undefined;
  readonly totals: Totals;
  /** Of all queues together, over the last minute. */
  readonly flow: Flow;
  readonly objects: ObjectCounts;
  readonly requests: HttpRequests;
  readonly eventLoopDelay: EventLoopDelay;
}

/** What has to be counted one by one. */
export interface ObjectCounts {
  readonly connections: number;
  readonly channels: number;
  readonly consumers: number;
  readonly queues: number;
  /** Channels that have published. */
  readonly publishers: number;
  /** Connections that are not read from because of an alarm. */
  readonly blockedConnections: number;
  /** Messages that channels in confirm mode published, those of closed ones included. */
  readonly toConfirm: number;
}

/** `suffix`: what the name goes on with, of the parts of a histogram or summary. */
export type Sample = readonly [
  labels: string,
  value: number | undefined,
  suffix?: '_bucket' | '_sum' | '_count',
];

export interface BrokerMetric {
  /** Without the prefix. */
  readonly name: string;
  readonly type: MetricType;
  readonly help: string;
  /** As in ObjectMetric. */
  readonly family: string;
  readonly samples: (facts: BrokerFacts) => readonly Sample[];
}

function one(
  family: string,
  type: MetricType,
  name: string,
  help: string,
  value: (facts: BrokerFacts) => number | undefined,
): BrokerMetric {
  return { name, type, help, family, samples: (facts) => [['', value(facts)]] };
}

// ---- RabbitMQ's, which /metrics/detailed gives by family ----

/** With the prefix of the endpoint. */
export const NODE_METRICS: readonly BrokerMetric[] = [
  one(
    'connection_churn_metrics',
    'counter',
    'connections_opened_total',
    'Total number of connections opened',
    churn('connectionsOpened'),
  ),
  one(
    'connection_churn_metrics',
    'counter',
    'connections_closed_total',
    'Total number of connections closed or terminated',
    churn('connectionsClosed'),
  ),
  one(
    'connection_churn_metrics',
    'counter',
    'channels_opened_total',
    'Total number of channels opened',
    churn('channelsOpened'),
  ),
  one(
    'connection_churn_metrics',
    'counter',
    'channels_closed_total',
    'Total number of channels closed',
    churn('channelsClosed'),
  ),
  one(
    'connection_churn_metrics',
    'counter',
    'queues_declared_total',
    'Total number of queues declared',
    churn('queuesDeclared'),
  ),
  one(
    'connection_churn_metrics',
    'counter',
    'queues_created_total',
    'Total number of queues created',
    churn('queuesCreated'),
  ),
  one(
    'connection_churn_metrics',
    'counter',
    'queues_deleted_total',
    'Total number of queues deleted',
    churn('queuesDeleted'),
  ),
  one(
    'node_coarse_metrics',
    'gauge',
    'process_open_fds',
    'Open file descriptors',
    ({ node }) => node.fileDescriptorsUsed,
  ),
  one(
    'node_coarse_metrics',
    'gauge',
    'process_open_tcp_sockets',
    'Open TCP sockets',
    ({ objects }) => objects.connections,
  ),
  one(
    'node_coarse_metrics',
    'gauge',
    'process_resident_memory_bytes',
    'Memory used in bytes',
    ({ node }) => node.memoryUsedBytes,
  ),
  // A graph of what is free minus the limit must not be empty where no disk is used.
  one(
    'node_coarse_metrics',
    'gauge',
    'disk_space_available_bytes',
    'Disk space available in bytes',
    ({ node }) => node.diskFreeBytes ?? 0,
  ),
  one(
    'node_metrics',
    'gauge',
    'process_max_fds',
    'Open file descriptors limit',
    ({ node }) => node.fileDescriptorsMax,
  ),
  one(
    'node_metrics',
    'gauge',
    'process_max_tcp_sockets',
    'Open TCP sockets limit',
    ({ node }) => node.connectionsMax,
  ),
  one(
    'node_metrics',
    'gauge',
    'resident_memory_limit_bytes',
    'Memory high watermark in bytes',
    ({ node }) => node.memoryLimitBytes,
  ),
  one(
    'node_metrics',
    'gauge',
    'disk_space_available_limit_bytes',
    'Free disk space low watermark in bytes',
    ({ node }) => node.diskFreeLimitBytes,
  ),
  one('node_metrics', 'gauge', 'erlang_uptime_seconds', 'Node uptime', ({ node }) => node.uptimeMs / 1000),
  attempts(
    'auth_attempts_total',
    'Total number of authentication attempts',
    ({ succeeded, failed }) => succeeded + failed,
  ),
  attempts(
    'auth_attempts_succeeded_total',
    'Total number of successful authentication attempts',
    ({ succeeded }) => succeeded,
  ),
  attempts(
    'auth_attempts_failed_total',
    'Total number of failed authentication attempts',
    ({ failed }) => failed,
  ),
];

/** By protocol. */
function attempts(name: string, help: string, count: (attempts: AttemptCounts) => number): BrokerMetric {
  return {
    name,
    type: 'counter',
    help,
    family: 'auth_attempt_metrics',
    samples: ({ context }) =>
      context.broker.loginAttempts.byProtocol.map((counts) => [
        labelsOf({ protocol: counts.protocol === 'amqp' ? 'amqp091' : counts.protocol }),
        count(counts),
      ]),
  };
}

function churn(name: keyof ManagementContext['broker']['runtime']['statistics']['churn']) {
  return ({ context }: BrokerFacts): number => context.broker.runtime.statistics.churn[name];
}

// ---- RabbitMQ's, on /metrics and /metrics/per-object ----

const PROTOCOL = labelsOf({ protocol: 'amqp091' });
/** There is one kind of queue: arguments make it behave as a quorum queue does. */
const PROTOCOL_AND_TYPE = labelsOf({ protocol: 'amqp091', queue_type: 'rabbit_classic_queue' });

function global(
  name: string,
  type: MetricType,
  help: string,
  labels: string,
  value: (facts: BrokerFacts) => number,
): BrokerMetric {
  return {
    name: `global_${name}`,
    type,
    help,
    family: 'global',
    samples: (facts) => [[labels, value(facts)]],
  };
}

function alarm(name: string, help: string, which: 'memory' | 'disk' | undefined): BrokerMetric {
  return one('alarms', 'gauge', `alarms_${name}`, help, ({ context: { broker } }) =>
    which !== undefined && broker.hasAlarm(which) ? 1 : 0,
  );
}

/** With the prefix rabbitmq_. */
export const TOTAL_METRICS: readonly BrokerMetric[] = [
  alarm('file_descriptor_limit', 'is 1 if file descriptor limit alarm is in effect', undefined),
  alarm('free_disk_space_watermark', 'is 1 if free disk space watermark alarm is in effect', 'disk'),
  alarm('memory_used_watermark', 'is 1 if VM memory watermark alarm is in effect', 'memory'),
  one('totals', 'gauge', 'connections', 'Connections currently open', ({ objects }) => objects.connections),
  one('totals', 'gauge', 'channels', 'Channels currently open', ({ objects }) => objects.channels),
  one('totals', 'gauge', 'consumers', 'Consumers currently connected', ({ objects }) => objects.consumers),
  one('totals', 'gauge', 'queues', 'Queues available', ({ objects }) => objects.queues),
  global(
    'publishers',
    'gauge',
    'Current number of publishers',
    PROTOCOL,
    ({ objects }) => objects.publishers,
  ),
  global('consumers', 'gauge', 'Current number of consumers', PROTOCOL, ({ objects }) => objects.consumers),
  global(
    'messages_received_total',
    'counter',
    'Total number of messages received from publishers',
    PROTOCOL,
    ({ totals }) => totals.counters.publish,
  ),
  global(
    'messages_received_confirm_total',
    'counter',
    'Total number of messages received from publishers expecting confirmations',
    PROTOCOL,
    ({ objects }) => objects.toConfirm,
  ),
  global(
    'messages_confirmed_total',
    'counter',
    'Total number of messages confirmed to publishers',
    PROTOCOL,
    ({ totals }) => totals.counters.confirm,
  ),
  global(
    'messages_routed_total',
    'counter',
    'Total number of messages routed to queues or streams',
    PROTOCOL,
    ({ totals }) => totals.counters.publishOut,
  ),
  global(
    'messages_unroutable_dropped_total',
    'counter',
    'Total number of messages published as non-mandatory into an exchange and dropped as unroutable',
    PROTOCOL,
    ({ totals }) => totals.counters.dropUnroutable,
  ),
  global(
    'messages_unroutable_returned_total',
    'counter',
    'Total number of messages published as mandatory into an exchange and returned to the publisher as unroutable',
    PROTOCOL,
    ({ totals }) => totals.counters.returnUnroutable,
  ),
  global(
    'messages_delivered_total',
    'counter',
    'Total number of messages delivered to consumers',
    PROTOCOL_AND_TYPE,
    ({ totals }) => totals.counters.deliverGet,
  ),
  global(
    'messages_delivered_consume_manual_ack_total',
    'counter',
    'Total number of messages delivered to consumers using basic.consume with manual acknowledgment',
    PROTOCOL_AND_TYPE,
    ({ totals }) => totals.counters.deliver,
  ),
  global(
    'messages_delivered_consume_auto_ack_total',
    'counter',
    'Total number of messages delivered to consumers using basic.consume with automatic acknowledgment',
    PROTOCOL_AND_TYPE,
    ({ totals }) => totals.counters.deliverNoAck,
  ),
  global(
    'messages_delivered_get_manual_ack_total',
    'counter',
    'Total number of messages delivered to consumers using basic.get with manual acknowledgment',
    PROTOCOL_AND_TYPE,
    ({ totals }) => totals.counters.get,
  ),
  global(
    'messages_delivered_get_auto_ack_total',
    'counter',
    'Total number of messages delivered to consumers using basic.get with automatic acknowledgment',
    PROTOCOL_AND_TYPE,
    ({ totals }) => totals.counters.getNoAck,
  ),
  global(
    'messages_get_empty_total',
    'counter',
    'Total number of times basic.get operations fetched no message',
    PROTOCOL_AND_TYPE,
    ({ totals }) => totals.counters.getEmpty,
  ),
  global(
    'messages_redelivered_total',
    'counter',
    'Total number of messages redelivered to consumers',
    PROTOCOL_AND_TYPE,
    ({ totals }) => totals.counters.redeliver,
  ),
  global(
    'messages_acknowledged_total',
    'counter',
    'Total number of messages acknowledged by consumers',
    PROTOCOL_AND_TYPE,
    ({ totals }) => totals.counters.ack,
  ),
  {
    name: 'message_size_bytes',
    type: 'histogram',
    help: 'Size of messages received from publishers',
    family: 'global',
    samples: sizeSamples,
  },
];

/** The bounds are spelled as Prometheus 3 spells them, so that the queries of the dashboard find them in older ones, too. */
const SIZE_BOUND_TEXTS: readonly string[] = SIZE_BOUNDS.map((bound) =>
  bound < 1e6
    ? bound.toFixed(1)
    : `${bound / 10 ** Math.floor(Math.log10(bound))}e+0${Math.floor(Math.log10(bound))}`,
);

function sizeSamples({ context }: BrokerFacts): readonly Sample[] {
  const { sizeCounts, bodyBytes } = context.broker.runtime.received;
  return histogramSamples(PROTOCOL, SIZE_BOUND_TEXTS, sizeCounts, bodyBytes);
}

function histogramSamples(
  labels: string,
  bounds: readonly string[],
  counts: ArrayLike<number>,
  sum: number,
): readonly Sample[] {
  const samples: Sample[] = [];
  let cumulative = 0;
  for (let index = 0; index < counts.length; index++) {
    cumulative += counts[index] as number;
    const le = labelsOf({ le: bounds[index] ?? '+Inf' });
    samples.push([joinLabels(labels, le), cumulative, '_bucket']);
  }
  samples.push([labels, sum, '_sum'], [labels, cumulative, '_count']);
  return samples;
}

// ---- Leveret's own ----

/** Seconds; the last bucket has no bound. */
const SOJOURN_BOUNDS: readonly number[] = [
  0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300, 1800, 3600, 21_600, 86_400,
];

export const LEVERET_METRICS: readonly BrokerMetric[] = [
  one(
    'leveret',
    'counter',
    'leveret_messages_enqueued_total',
    'Messages that came into queues, with those that an earlier run left; one in two queues counts twice',
    ({ totals }) => totals.enqueuedCount,
  ),
  one(
    'leveret',
    'counter',
    'leveret_messages_settled_total',
    'Messages that went out of queues: acknowledged, expired, dropped or purged',
    ({ totals }) => totals.settledCount,
  ),
  one(
    'leveret',
    'counter',
    'leveret_messages_rejected_total',
    'Messages that consumers rejected without requeue',
    ({ totals }) => totals.counters.reject,
  ),
  one(
    'leveret',
    'gauge',
    'leveret_messages_scheduled',
    'Messages that are to be published later',
    ({ context }) => scheduledCount(context),
  ),
  flow(
    'arrival_rate',
    'Messages that came into queues a second, over the last minute',
    ({ ratePerSecondIn }) => ratePerSecondIn,
  ),
  flow(
    'departure_rate',
    'Messages that went out of queues a second, over the last minute',
    ({ ratePerSecondOut }) => ratePerSecondOut,
  ),
  flow(
    'delay_seconds',
    'How long what is in all queues takes at the rate of the last minute; absent when nothing goes out or it grows',
    ({ delayMs }) => (delayMs === undefined ? undefined : delayMs / 1000),
  ),
  flow(
    'utilisation',
    'Share of their time in which consumers had unacknowledged messages; absent without consumers',
    ({ utilisation }) => utilisation,
  ),
  {
    name: 'leveret_message_sojourn_seconds',
    type: 'histogram',
    help: 'Time from enqueue to settlement, of the messages that were measured',
    family: 'leveret',
    samples: sojournSamples,
  },
  {
    name: 'leveret_alarm',
    type: 'gauge',
    help: '1 while an alarm keeps publishers waiting',
    family: 'leveret',
    samples: ({ context: { broker } }) =>
      (['memory', 'disk'] as const).map((name) => [labelsOf({ alarm: name }), broker.hasAlarm(name) ? 1 : 0]),
  },
  one(
    'leveret',
    'gauge',
    'leveret_connections_blocked',
    'Connections of publishers that are not read from because of an alarm',
    ({ objects }) => objects.blockedConnections,
  ),
  one(
    'leveret',
    'gauge',
    'leveret_storage_behind',
    '1 while publishers wait because too much waits for the disk',
    ({ context }) => (context.broker.storeIsBehind ? 1 : 0),
  ),
  one(
    'leveret',
    'gauge',
    'leveret_storage_pending_bytes',
    'Bytes that wait for the disk',
    ({ context }) => context.broker.runtime.store.pendingBytes,
  ),
  one(
    'leveret',
    'gauge',
    'leveret_storage_bytes',
    'Bytes that the message log takes on disk',
    ({ node }) => node.storedBytes,
  ),
  one(
    'leveret',
    'gauge',
    'leveret_storage_live_bytes',
    'Bytes of the message log that messages still need, with those in memory; absent when it is not known',
    ({ storage }) => (storage === undefined ? undefined : Math.round(storage.liveBytes)),
  ),
  {
    name: 'leveret_memory_bytes',
    type: 'gauge',
    help: 'Memory of the process, by what it is used for',
    family: 'leveret',
    samples: memorySamples,
  },
  {
    name: 'leveret_event_loop_delay_seconds',
    type: 'gauge',
    help: 'How long the event loop kept timers waiting in the last minute to two, by quantile',
    family: 'leveret',
    samples: ({ eventLoopDelay }) =>
      eventLoopDelay
        .quantiles()
        .map((value, index) => [labelsOf({ quantile: String(DELAY_QUANTILES[index]) }), value]),
  },
  {
    name: 'leveret_http_requests_total',
    type: 'counter',
    help: 'Requests over HTTP that were answered, by API, method and status',
    family: 'leveret',
    samples: ({ requests }) => [...requests.counts].map(({ labels, count }) => [labels, count]),
  },
  {
    name: 'leveret_http_request_duration_seconds',
    type: 'summary',
    help: 'How long requests over HTTP took, by API; streams and long polls with the time that they waited',
    family: 'leveret',
    samples: ({ requests }) =>
      [...requests.durations].flatMap(([scope, { count, seconds }]): Sample[] => [
        [labelsOf({ scope }), seconds, '_sum'],
        [labelsOf({ scope }), count, '_count'],
      ]),
  },
  ...CLUSTER_METRICS.map(({ name, type, help, value }) =>
    one(
      'leveret',
      type,
      name,
      `${help}; absent outside of clusters`,
      ({ context: { host } }) => host.cluster && value(host.cluster.state()),
    ),
  ),
  {
    name: 'leveret_build_info',
    type: 'gauge',
    help: 'The version of Leveret, and of the Node.js that it runs on',
    family: 'leveret',
    samples: ({ node }) => [[labelsOf({ version: node.version, node_version: process.version }), 1]],
  },
];

function flow(name: string, help: string, value: (flow: Flow) => number | undefined): BrokerMetric {
  return one('leveret', 'gauge', `leveret_${name}`, help, (facts) => value(facts.flow));
}

function scheduledCount({ broker }: ManagementContext): number {
  let count = 0;
  for (const vhost of broker.vhosts.values()) count += vhost.scheduledCount;
  return count;
}

function sojournSamples({ context }: BrokerFacts): readonly Sample[] {
  const { delays } = context.broker.activity;
  const ever = delays?.ever;
  if (ever === undefined) return [];
  const counts: number[] = [];
  let before = 0;
  for (const bound of SOJOURN_BOUNDS) {
    const upTo = ever.countUpTo(bound * 1000);
    counts.push(upTo - before);
    before = upTo;
  }
  counts.push(ever.count - before);
  return histogramSamples('', SOJOURN_BOUNDS.map(String), counts, ever.sumMs / 1000);
}

function memorySamples(): readonly Sample[] {
  const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
  return [
    [labelsOf({ kind: 'resident' }), rss],
    [labelsOf({ kind: 'heap' }), heapUsed],
    [labelsOf({ kind: 'array_buffers' }), arrayBuffers],
    [labelsOf({ kind: 'external' }), Math.max(0, external - arrayBuffers)],
  ];
}
