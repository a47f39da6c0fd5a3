/** What the overview shows of the whole broker, or of one vhost. */
import type { FlowSeries, FlowWindow } from './flow.ts';
import { queryText, segment } from './http.ts';
import { type RateDetails, rateCurve } from './rate-curve.ts';

/** What an alarm is about. */
export interface NodeAnswer {
  readonly name: string;
  readonly mem_used: number;
  readonly mem_limit: number;
  readonly mem_alarm: boolean;
  readonly disk_free: number;
  readonly disk_free_limit: number;
  readonly disk_free_alarm: boolean;
}

export const NODES_PATH: string = `/api/nodes${queryText({
  columns: 'name,mem_used,mem_limit,mem_alarm,disk_free,disk_free_limit,disk_free_alarm',
})}`;

/** For those who may not see the nodes. Refused with 503 while an alarm is on. */
export const ALARMS_PATH = '/api/health/checks/alarms';

export interface OverviewAnswer {
  readonly queue_totals: {
    readonly messages: number;
    readonly messages_ready: number;
    readonly messages_unacknowledged: number;
  };
  readonly object_totals: {
    readonly connections: number;
    readonly channels: number;
    readonly queues: number;
    /** For those only who see all of them. */
    readonly consumers?: number;
  };
}

export const OVERVIEW_PATH: string = `/api/overview${queryText({ columns: 'queue_totals,object_totals' })}`;

interface LevelDetails {
  readonly samples?: readonly { readonly sample: number; readonly timestamp: number }[];
}

/** `/api/overview` with samples: rates and levels of what the user may see. */
export interface SampledOverview {
  readonly message_stats: Readonly<Record<string, number | RateDetails>>;
  readonly queue_totals: {
    readonly messages_details: LevelDetails;
    readonly messages_ready_details: LevelDetails;
    readonly messages_unacknowledged_details: LevelDetails;
  };
}

/** How many seconds, and how far apart samples are. */
const SAMPLES: Readonly<Record<FlowWindow, readonly [ageSeconds: number, stepSeconds: number]>> = {
  '60s': [60, 5],
  '10m': [600, 10],
  '1h': [3600, 60],
  '24h': [86_400, 600],
};

const LEAVES_BY = ['ack', 'deliver_no_ack', 'get_no_ack'] as const;

export function sampledOverviewPath(window: FlowWindow): string {
  const [age, step] = SAMPLES[window];
  const columns = [
    'message_stats.publish_details',
    ...LEAVES_BY.map((stat) => `message_stats.${stat}_details`),
    'queue_totals',
  ].join(',');
  return `/api/overview${queryText({
    columns,
    msg_rates_age: age,
    msg_rates_incr: step,
    lengths_age: age,
    lengths_incr: step,
  })}`;
}

/** Of a vhost, or of the whole broker, which needs the tag monitoring. */
export function seriesPath(vhost: string | undefined, window: FlowWindow): string {
  return `${flowBase(vhost)}/series${queryText({ window })}`;
}

export function vhostFlowPath(vhost: string): string {
  return `${flowBase(vhost)}/flow`;
}

function flowBase(vhost: string | undefined): string {
  return vhost === undefined ? '/v1' : `/v1/vhosts/${segment(vhost)}`;
}

type Column = readonly (number | null)[];

/** What the charts of the overview are of. */
export interface OverviewCurves {
  readonly at: readonly number[];
  /** Rates are of what came into queues and left them, or of what clients published and took. */
  readonly counted: 'queues' | 'clients';
  readonly rateIn: Column;
  readonly rateOut: Column;
  readonly ready: Column;
  readonly unacked: Column;
  /** Undefined where nobody measured it. */
  readonly p95Ms: Column | undefined;
}

export function curvesOfSeries({
  at,
  rate_in,
  rate_out,
  ready,
  unacknowledged,
  measured,
}: FlowSeries): OverviewCurves {
  return {
    at,
    counted: 'queues',
    rateIn: rate_in,
    rateOut: rate_out,
    ready,
    unacked: unacknowledged,
    p95Ms: measured.p95_ms,
  };
}

/** The times are those of the rates: the oldest sample has none. */
export function curvesOfSamples({ message_stats, queue_totals }: SampledOverview): OverviewCurves {
  const published = rateCurve(detailsOf(message_stats, 'publish'));
  const leaving = LEAVES_BY.map((stat) => rateCurve(detailsOf(message_stats, stat)));
  const ready = levels(queue_totals.messages_ready_details);
  const at = published.at.length > 0 ? published.at : [...ready.keys()];
  const unacked = levels(queue_totals.messages_unacknowledged_details);
  return {
    at,
    counted: 'clients',
    rateIn: at.map((_, index) => published.rates[index] ?? 0),
    rateOut: at.map((_, index) => leaving.reduce((sum, { rates }) => sum + (rates[index] ?? 0), 0)),
    ready: at.map((time) => ready.get(time) ?? null),
    unacked: at.map((time) => unacked.get(time) ?? null),
    p95Ms: undefined,
  };
}

function detailsOf(stats: SampledOverview['message_stats'], name: string): RateDetails | undefined {
  const details = stats[`${name}_details`];
  return typeof details === 'object' ? details : undefined;
}

/** By time, the oldest first. */
function levels({ samples = [] }: LevelDetails): Map<number, number> {
  return new Map([...samples].reverse().map(({ sample, timestamp }) => [timestamp, sample]));
}

export interface ConnectionState {
  readonly name: string;
  readonly user: string;
  readonly state: string;
}

/** Those that are blocked come first. */
export const BLOCKED_PATH: string = `/api/connections${queryText({
  page: 1,
  page_size: 20,
  sort: 'state',
  columns: 'name,user,state',
})}`;
