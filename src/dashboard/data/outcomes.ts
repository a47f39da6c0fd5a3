import { queryText, request, segment } from './http.ts';

/** What became of one message in one queue. */
export interface OutcomeAnswer {
  readonly queue: string;
  readonly status: OutcomeStatus;
  readonly reason?: string;
  /** What the consumer said. */
  readonly error?: string;
  readonly result?: string;
  readonly result_encoding?: 'text' | 'base64';
  readonly content_type?: string;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly deliveries: number;
  readonly waiting_ms: number;
  readonly working_ms: number;
  readonly settled_at: string;
}

export type OutcomeStatus = 'completed' | 'failed' | 'expired' | 'dead-lettered' | 'dropped';

export interface OutcomesAnswer {
  readonly message_id: string;
  readonly outcomes: readonly OutcomeAnswer[];
}

export function outcomesPath(vhost: string, messageId: string): string {
  return `/v1/outcomes/${segment(vhost)}/${segment(messageId)}`;
}

/** A message that waits for its time. */
export interface ScheduledRow {
  readonly id: string;
  readonly due_at: string;
  readonly exchange: string;
  readonly routing_key: string;
  readonly payload_bytes: number;
  readonly persistent: boolean;
  readonly properties: { readonly message_id?: string };
}

export interface ScheduledAnswer {
  readonly items: readonly ScheduledRow[];
  readonly page: number;
  readonly page_size: number;
  readonly page_count: number;
  /** Of all, also those that are not shown to this user. */
  readonly total_count: number;
}

export function scheduledPath(vhost: string, page: number, pageSize: number): string {
  return `/v1/scheduled/${segment(vhost)}${queryText({ page, page_size: pageSize })}`;
}

export async function cancelScheduled(vhost: string, id: string): Promise<void> {
  await request('DELETE', `/v1/scheduled/${segment(vhost)}/${segment(id)}`);
}
