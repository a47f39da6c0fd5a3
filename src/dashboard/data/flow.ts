/** The maths of queues: the answers of /v1/.../flow, /series and /explain. docs/queue-maths.md tells what each number is. */
import { queryText, segment } from './http.ts';
import { queueResource } from './messages.ts';

/** What charts and rates can look back over. */
export const FLOW_WINDOWS = ['60s', '10m', '1h', '24h'] as const;

export type FlowWindow = (typeof FLOW_WINDOWS)[number];

const FLOW_WINDOW_DEFAULT: FlowWindow = '10m';

export type FlowState = 'idle' | 'stalled' | 'growing' | 'draining' | 'steady';

type Column = readonly (number | null)[];

/** Columns of equal length, the oldest first; null is what is not known. */
export interface FlowSeries {
  readonly step_seconds: number;
  /** Milliseconds since 1970. */
  readonly at: readonly number[];
  readonly rate_in: Column;
  readonly rate_out: Column;
  readonly messages: Column;
  readonly ready: Column;
  readonly unacknowledged: Column;
  readonly delay_ms: Column;
  readonly measured: { readonly p50_ms: Column; readonly p95_ms: Column; readonly p99_ms: Column };
}

/** What was over one window. */
export interface WindowFlow {
  readonly window_seconds: number;
  readonly covered_seconds: number;
  readonly state: FlowState;
  readonly enqueued: number;
  readonly settled: number;
  readonly rate_in_per_second: number;
  readonly rate_out_per_second: number;
  readonly delay_ms: number | null;
  readonly drain_ms: number | null;
  readonly utilisation: number | null;
  readonly service_rate_per_second: number | null;
  readonly consumers_needed: number | null;
  readonly measured: { readonly p50_ms: number; readonly p95_ms: number; readonly p99_ms: number } | null;
}

/** Of a queue, a vhost, or the broker. */
export interface Flow {
  readonly messages: number;
  readonly messages_ready: number;
  readonly messages_unacknowledged: number;
  readonly consumers: number;
  /** The shortest first. */
  readonly windows: readonly WindowFlow[];
}

export interface QueueFlow extends Flow {
  readonly oldest_ready_age_ms: number | null;
}

export type QueueState = 'empty' | 'waiting' | 'draining' | 'stuck';

export interface ConcernedConsumer {
  readonly consumer_tag: string;
  readonly connection: string | null;
  readonly channel: number | null;
  readonly prefetch_count: number;
  readonly unacknowledged: number;
  readonly blocked_ms: number | null;
}

/** One finding; the code is stable, the texts are English. */
export interface QueueReason {
  readonly reason: string;
  readonly text: string;
  readonly advice: string;
  readonly consumers: readonly ConcernedConsumer[];
}

export interface QueueExplanation {
  readonly state: QueueState;
  /** The most important first. */
  readonly reasons: readonly QueueReason[];
}

/** What the broker takes, in milliseconds: a day. */
export const TARGET_DELAY_MS_MAX = 86_400_000;

export interface QueueName {
  readonly vhost: string;
  readonly name: string;
}

export function queueFlowPath(queue: QueueName, targetDelayMs: number | undefined): string {
  return `${queueResource(queue.vhost, queue.name)}/flow${queryText({ target_delay_ms: targetDelayMs })}`;
}

export function queueSeriesPath(queue: QueueName, window: FlowWindow): string {
  return `${queueResource(queue.vhost, queue.name)}/series${queryText({ window })}`;
}

export function queueExplanationPath({ vhost, name }: QueueName): string {
  return `/v1/explain/queue/${segment(vhost)}/${segment(name)}`;
}

/** From the address of a page. */
export function windowOf(text: string | null): FlowWindow {
  return FLOW_WINDOWS.find((window) => window === text) ?? FLOW_WINDOW_DEFAULT;
}

/** From the address of a page; undefined when it is nothing that the broker takes. */
export function targetDelayOf(text: string | null): number | undefined {
  const milliseconds = Number(text ?? '');
  return milliseconds > 0 && milliseconds <= TARGET_DELAY_MS_MAX ? milliseconds : undefined;
}
