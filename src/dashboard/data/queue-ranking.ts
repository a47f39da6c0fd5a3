/** Which queues to look at first: the busiest, the slowest, and the stuck ones. */
import { queryText, segment } from './http.ts';

interface AverageRate {
  /** Absent while there are too few samples. */
  readonly avg_rate?: number;
}

export interface RankedQueue {
  readonly name: string;
  readonly vhost: string;
  readonly messages: number;
  readonly messages_ready: number;
  readonly consumers: number;
  /** Absent while nothing was published to it, nor taken from it. */
  readonly message_stats?: {
    readonly publish?: number;
    readonly publish_details?: AverageRate;
    readonly ack_details?: AverageRate;
    readonly deliver_no_ack_details?: AverageRate;
    readonly get_no_ack_details?: AverageRate;
  };
}

export interface RankedQueues {
  readonly items: readonly RankedQueue[];
  readonly total_count: number;
}

const COLUMNS = [
  'name',
  'vhost',
  'messages',
  'messages_ready',
  'consumers',
  'message_stats.publish',
  'message_stats.publish_details.avg_rate',
  'message_stats.ack_details.avg_rate',
  'message_stats.deliver_no_ack_details.avg_rate',
  'message_stats.get_no_ack_details.avg_rate',
].join(',');

/** Rates are of the last minute. */
const RATES = { msg_rates_age: 60, msg_rates_incr: 5 } as const;
/** The slowest and the stuck ones are looked for among those that hold most. */
const FULLEST_COUNT = 100;
export const RANKED_COUNT = 5;

export function busiestPath(vhost: string | undefined): string {
  return rankingPath(vhost, 'message_stats.publish_details.avg_rate', RANKED_COUNT);
}

export function fullestPath(vhost: string | undefined): string {
  return rankingPath(vhost, 'messages', FULLEST_COUNT);
}

function rankingPath(vhost: string | undefined, sort: string, pageSize: number): string {
  const path = vhost === undefined ? '/api/queues' : `/api/queues/${segment(vhost)}`;
  return `${path}${queryText({ page: 1, page_size: pageSize, sort, sort_reverse: true, ...RATES, columns: COLUMNS })}`;
}

/** P: messages a second that are published to it. */
export function rateIn({ message_stats: stats }: RankedQueue): number {
  return stats?.publish_details?.avg_rate ?? 0;
}

/** C: messages a second that somebody took. */
export function rateOut({ message_stats: stats }: RankedQueue): number {
  return [stats?.ack_details, stats?.deliver_no_ack_details, stats?.get_no_ack_details].reduce(
    (sum, details) => sum + (details?.avg_rate ?? 0),
    0,
  );
}

/** D = Q / C; undefined when nobody takes anything. */
export function delayMs(queue: RankedQueue): number | undefined {
  const rate = rateOut(queue);
  return rate > 0 ? (queue.messages * 1000) / rate : undefined;
}

/** Messages wait, and nobody takes one. */
function isStuck(queue: RankedQueue): boolean {
  return queue.messages_ready > 0 && (queue.consumers === 0 || rateOut(queue) === 0);
}

/** Stuck, and clients publish to it: a queue that only gathers dead letters is meant to wait for somebody. */
export function isWorrying(queue: RankedQueue): boolean {
  return isStuck(queue) && (queue.message_stats?.publish ?? 0) > 0;
}

export function busiest(queues: readonly RankedQueue[]): readonly RankedQueue[] {
  return queues.filter((queue) => rateIn(queue) > 0);
}

/** The longest delay first. */
export function slowest(queues: readonly RankedQueue[]): readonly RankedQueue[] {
  return queues
    .filter((queue) => queue.messages > 0 && !isStuck(queue) && delayMs(queue) !== undefined)
    .sort((a, b) => (delayMs(b) ?? 0) - (delayMs(a) ?? 0))
    .slice(0, RANKED_COUNT);
}

/** Those that hold most first, as they came. */
export function stuck(queues: readonly RankedQueue[]): readonly RankedQueue[] {
  return queues.filter(isStuck);
}
