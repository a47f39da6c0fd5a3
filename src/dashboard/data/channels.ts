import type { ConsumerRow } from './consumers.ts';
import { segment } from './http.ts';
import type { RateDetails } from './rate-curve.ts';

export interface ChannelRow {
  readonly name: string;
  readonly number: number;
  readonly vhost: string;
  readonly user: string;
  readonly connection_details: { readonly name: string };
  readonly consumer_count: number;
  /** 0: no limit. */
  readonly prefetch_count: number;
  readonly global_prefetch_count: number;
  readonly confirm: boolean;
  readonly transactional: boolean;
  readonly messages_unacknowledged: number;
  readonly messages_unconfirmed: number;
  /** Absent while it works. */
  readonly idle_since?: string;
  /** Absent while nothing was counted. */
  readonly message_stats?: ChannelRates;
}

export interface ChannelRates {
  readonly publish_details: RateDetails;
  readonly deliver_get_details: RateDetails;
  readonly ack_details: RateDetails;
}

export interface ChannelStats extends ChannelRates {
  readonly publish: number;
  readonly confirm: number;
  readonly confirm_details: RateDetails;
  readonly deliver_get: number;
  readonly ack: number;
  readonly redeliver: number;
  readonly return_unroutable: number;
  readonly drop_unroutable: number;
}

export interface ChannelAnswer extends ChannelRow {
  readonly messages_uncommitted: number;
  readonly acks_uncommitted: number;
  readonly consumer_details: readonly ConsumerRow[];
  readonly message_stats?: ChannelStats;
}

/** The fields of a row. */
export const CHANNEL_COLUMNS: string = [
  'name',
  'number',
  'vhost',
  'user',
  'connection_details',
  'consumer_count',
  'prefetch_count',
  'global_prefetch_count',
  'confirm',
  'transactional',
  'messages_unacknowledged',
  'messages_unconfirmed',
  'idle_since',
  'message_stats.publish_details',
  'message_stats.deliver_get_details',
  'message_stats.ack_details',
].join(',');

export function channelPath(name: string): string {
  return `/api/channels/${segment(name)}`;
}
