import type { ConsumerRow } from './consumers.ts';
import { queryText, request, segment } from './http.ts';
import { queueResource } from './messages.ts';

export interface QueueName {
  readonly vhost: string;
  readonly name: string;
}

interface Rate {
  readonly rate: number;
}

/** What it was declared with, and what a policy makes of it. */
export interface QueueFeatures {
  readonly type: string;
  readonly durable: boolean;
  readonly auto_delete: boolean;
  readonly exclusive: boolean;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly policy: string | null;
  /** With the names of policies: `message-ttl` for `x-message-ttl`. */
  readonly effective_policy_definition: Readonly<Record<string, unknown>>;
}

export interface QueueState {
  readonly state: string;
  readonly messages_ready: number;
  readonly consumers: number;
  /** Absent while something happens. */
  readonly idle_since?: string;
}

export interface QueueRow extends QueueName, QueueFeatures, QueueState {
  readonly messages: number;
  readonly messages_unacknowledged: number;
  /** Absent before the first message. */
  readonly message_stats?: {
    readonly publish_details?: Rate;
    readonly deliver_get_details?: Rate;
  };
}

export interface QueueAnswer extends QueueRow {
  readonly operator_policy: string | null;
  readonly node: string;
  readonly memory: number;
  readonly message_bytes: number;
  readonly message_bytes_ready: number;
  readonly message_bytes_unacknowledged: number;
  /** Seconds since 1970. */
  readonly head_message_timestamp: number | null;
  readonly consumer_utilisation: number;
  readonly exclusive_consumer_tag: string | null;
  readonly single_active_consumer_tag: string | null;
  /** The connection of an exclusive queue. */
  readonly owner_pid_details?: { readonly name: string };
}

export interface QueueConsumers {
  readonly consumer_details: readonly ConsumerRow[];
}

/** The fields of a row. */
export const QUEUE_COLUMNS: string = [
  'name',
  'vhost',
  'type',
  'durable',
  'auto_delete',
  'exclusive',
  'arguments',
  'policy',
  'effective_policy_definition',
  'state',
  'idle_since',
  'messages',
  'messages_ready',
  'messages_unacknowledged',
  'consumers',
  'message_stats.publish_details.rate',
  'message_stats.deliver_get_details.rate',
].join(',');

const ANSWER_COLUMNS: string = [
  QUEUE_COLUMNS,
  'operator_policy',
  'node',
  'memory',
  'message_bytes',
  'message_bytes_ready',
  'message_bytes_unacknowledged',
  'head_message_timestamp',
  'consumer_utilisation',
  'exclusive_consumer_tag',
  'single_active_consumer_tag',
  'owner_pid_details',
].join(',');

function pathOf({ vhost, name }: QueueName): string {
  return `/api/queues/${segment(vhost)}/${segment(name)}`;
}

/** Without its consumers: there may be thousands. */
export function queuePath(queue: QueueName): string {
  return `${pathOf(queue)}${queryText({ columns: ANSWER_COLUMNS })}`;
}

export function queueConsumersPath(queue: QueueName): string {
  return `${pathOf(queue)}${queryText({ columns: 'consumer_details' })}`;
}

export function queueBindingsPath(queue: QueueName): string {
  return `${pathOf(queue)}/bindings`;
}

export interface QueueDeclaration extends QueueName {
  readonly durable: boolean;
  readonly auto_delete: boolean;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** Declaring what is there already does nothing, or is refused when it differs. */
export function declareQueue({
  durable,
  auto_delete,
  arguments: args,
  ...queue
}: QueueDeclaration): Promise<void> {
  return request('PUT', pathOf(queue), { durable, auto_delete, arguments: args });
}

export interface QueueDeletion extends QueueName {
  readonly ifEmpty: boolean;
  readonly ifUnused: boolean;
}

export function deleteQueue({ ifEmpty, ifUnused, ...queue }: QueueDeletion): Promise<void> {
  const conditions = queryText({ 'if-empty': ifEmpty || undefined, 'if-unused': ifUnused || undefined });
  return request('DELETE', `${pathOf(queue)}${conditions}`);
}

export function purgeQueue(queue: QueueName): Promise<void> {
  return request('DELETE', `${pathOf(queue)}/contents`);
}

export function pauseQueue(queue: QueueName): Promise<void> {
  return request('PUT', `${pathOf(queue)}/pause`);
}

export function resumeQueue(queue: QueueName): Promise<void> {
  return request('PUT', `${pathOf(queue)}/resume`);
}

export interface Move {
  readonly from: QueueName;
  readonly to: { readonly queue: string } | { readonly exchange: string; readonly routing_key?: string };
  /** Undefined: all that are ready. */
  readonly max: number | undefined;
}

export interface Moved {
  readonly moved: number;
  readonly left: number;
  /** Why it stopped before the end. */
  readonly stopped_by: string | null;
}

export function moveMessages({ from, to, max }: Move): Promise<Moved> {
  return request('POST', `${queueResource(from.vhost, from.name)}/move`, {
    ...to,
    ...(max === undefined ? {} : { max }),
  });
}
