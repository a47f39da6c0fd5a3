export interface ConsumerRow {
  readonly consumer_tag: string;
  readonly queue: { readonly name: string; readonly vhost: string };
  /** Empty for who consumes over HTTP. */
  readonly channel_details: ConsumerChannel | Readonly<Record<string, never>>;
  readonly ack_required: boolean;
  readonly exclusive: boolean;
  /** 0: no limit. */
  readonly prefetch_count: number;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly activity_status: ActivityStatus;
}

export interface ConsumerChannel {
  readonly name: string;
  readonly number: number;
  readonly user: string;
  readonly connection_name: string;
}

/** - waiting: another one is the single active consumer. */
export type ActivityStatus = 'up' | 'single_active' | 'waiting';

/** The fields of a row. */
export const CONSUMER_COLUMNS: string = [
  'consumer_tag',
  'queue',
  'channel_details',
  'ack_required',
  'exclusive',
  'prefetch_count',
  'arguments',
  'activity_status',
].join(',');

/** Undefined for who consumes over HTTP. */
export function channelOf({ channel_details: details }: ConsumerRow): ConsumerChannel | undefined {
  return typeof details.name === 'string' ? (details as ConsumerChannel) : undefined;
}
