/** What `leveret top` shows, read from the API. */

import type { ApiClient } from './api/api-client.ts';
import { isTrueAt, listAt, listOf, numberAt, textAt } from './api/json-fields.ts';
import { productText } from './api/product-text.ts';
import { type FlowSample, orUndefined, readBrokerFlow, readQueueFlow } from './api/read-flow.ts';

export interface TopSample {
  readonly title: string;
  readonly uptimeSeconds: number | undefined;
  readonly ready: number;
  readonly unacked: number;
  readonly inRate: number;
  readonly outRate: number;
  readonly ackRate: number;
  readonly connections: number;
  readonly queueCount: number;
  readonly memoryUsedBytes: number | undefined;
  readonly memoryLimitBytes: number | undefined;
  readonly diskFreeBytes: number | undefined;
  readonly hasAlarm: boolean;
  /** Of all queues together; undefined where the broker has no queue maths. */
  readonly flow: FlowSample | undefined;
  readonly queues: readonly TopQueue[];
}

export interface TopQueue {
  readonly vhost: string;
  readonly name: string;
  readonly ready: number;
  readonly unacked: number;
  readonly consumers: number;
  readonly inRate: number;
  readonly outRate: number;
  /** Rates of the last minute, the oldest first. */
  readonly inRates: readonly number[];
  readonly flow: FlowSample;
}

export type TopOrder = 'delay' | 'in' | 'out' | 'ready';

/** Those that may come to the top; by delay, the longest are looked at. */
const CANDIDATES_MAX = 100;
const HISTORY = 'msg_rates_age=60&msg_rates_incr=5';
/** Requests for the maths of single queues under way at a time. */
const FLOW_REQUESTS_MAX = 8;

const SORT_FIELDS: Readonly<Record<TopOrder, string>> = {
  delay: 'messages',
  in: 'message_stats.publish_details.rate',
  out: 'message_stats.deliver_get_details.rate',
  ready: 'messages_ready',
};

export async function readTop(api: ApiClient, order: TopOrder, shownMax: number): Promise<TopSample> {
  const list = `/api/queues?page=1&page_size=${CANDIDATES_MAX}&sort=${SORT_FIELDS[order]}&sort_reverse=true&${HISTORY}`;
  const [overview, nodes, queues, flow] = await Promise.all([
    api.get('/api/overview'),
    orUndefined(api.get('/api/nodes')),
    api.get(list),
    readBrokerFlow(api),
  ]);
  const candidates = listAt(queues, 'items').map(queueOf).sort(comparisonBy(order)).slice(0, shownMax);
  const shown = flow === undefined ? candidates : await withFlow(api, candidates);
  return { ...brokerOf(overview, listOf(nodes)), flow, queues: [...shown].sort(comparisonBy(order)) };
}

function brokerOf(overview: unknown, nodes: readonly unknown[]): Omit<TopSample, 'flow' | 'queues'> {
  const [node] = nodes;
  const uptimeMs = numberAt(node, 'uptime');
  const rate = (event: string): number => numberAt(overview, `message_stats.${event}_details.rate`) ?? 0;
  return {
    title: productText(overview),
    uptimeSeconds: uptimeMs === undefined ? undefined : uptimeMs / 1000,
    ready: numberAt(overview, 'queue_totals.messages_ready') ?? 0,
    unacked: numberAt(overview, 'queue_totals.messages_unacknowledged') ?? 0,
    inRate: rate('publish'),
    outRate: rate('deliver_get'),
    ackRate: rate('ack'),
    connections: numberAt(overview, 'object_totals.connections') ?? 0,
    queueCount: numberAt(overview, 'object_totals.queues') ?? 0,
    memoryUsedBytes: numberAt(node, 'mem_used'),
    memoryLimitBytes: numberAt(node, 'mem_limit'),
    diskFreeBytes: numberAt(node, 'disk_free'),
    hasAlarm: nodes.some((each) => isTrueAt(each, 'mem_alarm') || isTrueAt(each, 'disk_free_alarm')),
  };
}

function queueOf(queue: unknown): TopQueue {
  const inRate = numberAt(queue, 'message_stats.publish_details.rate') ?? 0;
  const outRate = numberAt(queue, 'message_stats.deliver_get_details.rate') ?? 0;
  const messages = numberAt(queue, 'messages') ?? 0;
  return {
    vhost: textAt(queue, 'vhost') ?? '/',
    name: textAt(queue, 'name') ?? '',
    ready: numberAt(queue, 'messages_ready') ?? 0,
    unacked: numberAt(queue, 'messages_unacknowledged') ?? 0,
    consumers: numberAt(queue, 'consumers') ?? 0,
    inRate,
    outRate,
    inRates: ratesOf(listAt(queue, 'message_stats.publish_details.samples')),
    flow: estimatedFlow(messages, numberAt(queue, 'message_stats.ack_details.rate') ?? outRate, queue),
  };
}

/** From counts and rates alone, where the broker has no queue maths, and for the first choice among many queues. */
function estimatedFlow(messages: number, settledRate: number, queue: unknown): FlowSample {
  const growth = numberAt(queue, 'messages_details.rate') ?? 0;
  const state = stateOf(messages, settledRate, growth);
  const hasDelay = settledRate > 0 && state !== 'growing';
  return {
    state,
    oldestSeconds: undefined,
    delaySeconds: hasDelay ? messages / settledRate : undefined,
    drainSeconds: state === 'draining' ? messages / -growth : undefined,
    p99Seconds: undefined,
  };
}

function stateOf(messages: number, settledRate: number, growth: number): string {
  if (messages === 0) return settledRate === 0 ? 'idle' : 'steady';
  if (growth > 0.05 * Math.max(settledRate, 1)) return 'growing';
  if (settledRate === 0) return 'stalled';
  return growth < -0.05 * settledRate ? 'draining' : 'steady';
}

/** Samples are counters, the newest first. */
function ratesOf(samples: readonly unknown[]): readonly number[] {
  const rates = samples.slice(0, -1).map((sample, index) => {
    const [later, earlier] = [sample, samples[index + 1]];
    const count = (numberAt(later, 'sample') ?? 0) - (numberAt(earlier, 'sample') ?? 0);
    const ms = (numberAt(later, 'timestamp') ?? 0) - (numberAt(earlier, 'timestamp') ?? 0);
    return ms <= 0 ? 0 : Math.max(0, (count * 1000) / ms);
  });
  return rates.reverse();
}

// ---- queue maths ----

async function withFlow(api: ApiClient, queues: readonly TopQueue[]): Promise<TopQueue[]> {
  const found: TopQueue[] = [...queues];
  let next = 0;
  const readNext = async (): Promise<void> => {
    for (let index = next++; index < queues.length; index = next++) {
      const queue = queues[index] as TopQueue;
      const flow = await readQueueFlow(api, queue.vhost, queue.name);
      if (flow !== undefined) found[index] = { ...queue, flow };
    }
  };
  await Promise.all(Array.from({ length: FLOW_REQUESTS_MAX }, readNext));
  return found;
}

// ---- the order ----

/** Delays that are infinite come first; then the longest queues. */
function comparisonBy(order: TopOrder): (a: TopQueue, b: TopQueue) => number {
  const key = KEYS[order];
  return (a, b) => {
    const [keyA, keyB] = [key(a), key(b)];
    if (keyA !== keyB) return keyB - keyA;
    return b.ready - a.ready || (a.name < b.name ? -1 : 1);
  };
}

const KEYS: Readonly<Record<TopOrder, (queue: TopQueue) => number>> = {
  delay: ({ flow, ready, unacked }) => flow.delaySeconds ?? (ready + unacked > 0 ? Number.MAX_VALUE : -1),
  in: ({ inRate }) => inRate,
  out: ({ outRate }) => outRate,
  ready: ({ ready }) => ready,
};
