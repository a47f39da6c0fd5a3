/**
 * Delayed retry: a message that comes back to its queue waits before it is delivered again, longer with each delivery.
 *
 * RabbitMQ 4.3 has it for quorum queues with delay = min(minMs * deliveryCount, maxMs). Here every queue has it, and
 * `exponential` makes the delay grow by a factor: min(minMs * exponential^(deliveryCount - 1), maxMs).
 */

/**
 * Which messages wait: all that come back; those whose delivery failed, because the consumer's channel or connection went
 * away; or those that the consumer returned itself (basic.nack, basic.reject and basic.recover with requeue).
 */
export type DelayedRetryType = 'disabled' | 'all' | 'failed' | 'returned';

export const DELAYED_RETRY_TYPES: readonly DelayedRetryType[] = ['disabled', 'all', 'failed', 'returned'];

/** The factor that `x-delayed-retry-exponential: true` stands for. */
export const EXPONENTIAL_DEFAULT = 2;
export const EXPONENTIAL_MAX = 100;

/** What the arguments of one queue, or a policy, say. Both together make a `DelayedRetry`. */
export interface DelayedRetrySettings {
  readonly type?: DelayedRetryType | undefined;
  readonly minMs?: number | undefined;
  readonly maxMs?: number | undefined;
  /** The factor from one delay to the next. */
  readonly exponential?: number | undefined;
}

/** Delayed retry that is in force. */
export interface DelayedRetry {
  readonly type: DelayedRetryType;
  readonly minMs: number;
  /** **Invariant:** at least `minMs`. */
  readonly maxMs: number;
  /** **Invariant:** above 1. Undefined: the delay grows by `minMs` each time. */
  readonly exponential?: number | undefined;
}

/** What the settings amount to; undefined when returned messages do not wait. Without a maximum the delay does not grow. */
export function delayedRetryOf(settings: DelayedRetrySettings): DelayedRetry | undefined {
  const { type, minMs, maxMs, exponential } = settings;
  if (type === undefined || type === 'disabled' || minMs === undefined) return undefined;
  return { type, minMs, maxMs: Math.max(minMs, maxMs ?? minMs), exponential };
}

/**
 * How long a message waits that comes back after `deliveryCount` deliveries; 0 when it does not wait.
 * `cause`: see DelayedRetryType.
 */
export function retryDelayMs(
  retry: DelayedRetry,
  cause: 'failed' | 'returned',
  deliveryCount: number,
): number {
  if (retry.type !== 'all' && retry.type !== cause) return 0;
  const attempt = Math.max(1, deliveryCount);
  const growth = retry.exponential === undefined ? attempt : retry.exponential ** (attempt - 1);
  return Math.min(Math.round(retry.minMs * growth), retry.maxMs);
}
