/** The arguments of queue.declare that have a field of their own. */
import type { ArgumentValues } from '../../parts/argument-rows.ts';

export type QueueType = 'classic' | 'quorum';

export const NUMBER_ARGUMENTS = [
  'x-message-ttl',
  'x-expires',
  'x-max-length',
  'x-max-length-bytes',
  'x-delivery-limit',
  'x-max-priority',
  'x-consumer-timeout',
] as const;

export type NumberArgument = (typeof NUMBER_ARGUMENTS)[number];
export type Overflow = '' | 'reject-publish' | 'reject-publish-dlx';

export type DeadLetters =
  | { readonly to: 'nowhere' }
  | { readonly to: 'queue'; readonly queue: string }
  /** An empty routing key: each message keeps its own. */
  | { readonly to: 'exchange'; readonly exchange: string; readonly routingKey: string };

export interface KnownArguments {
  readonly type: QueueType;
  readonly numbers: Readonly<Partial<Record<NumberArgument, number | undefined>>>;
  /** Empty: drop-head, which is what there is without it. */
  readonly overflow: Overflow;
  readonly deadLetters: DeadLetters;
  readonly singleActiveConsumer: boolean;
}

export const NO_ARGUMENTS: KnownArguments = {
  type: 'classic',
  numbers: {},
  overflow: '',
  deadLetters: { to: 'nowhere' },
  singleActiveConsumer: false,
};

/** Others that the broker knows: to choose from. */
export const OTHER_ARGUMENTS = [
  'x-dead-letter-strategy',
  'x-delayed-retry-exponential',
  'x-delayed-retry-max',
  'x-delayed-retry-min',
  'x-delayed-retry-type',
  'x-message-deduplication',
  'x-cache-size',
  'x-cache-ttl',
  'x-outcome-ttl',
  'x-queue-mode',
  'x-queue-version',
] as const;

/**
 * As queue.declare takes them. What is not set is left out: it would be compared when the queue is declared again. So is the type that
 * the vhost gives to queues without one.
 */
export function argumentsOfQueue(known: KnownArguments, defaultType: string): ArgumentValues {
  const { type, numbers, overflow, deadLetters, singleActiveConsumer } = known;
  const asked = Object.entries(numbers).filter(([name, value]) => value !== undefined && isFor(name, type));
  return {
    ...(type === defaultType ? {} : { 'x-queue-type': type }),
    ...Object.fromEntries(asked),
    ...(overflow === '' ? {} : { 'x-overflow': overflow }),
    ...deadLetterArguments(deadLetters),
    ...(singleActiveConsumer ? { 'x-single-active-consumer': true } : {}),
  };
}

/** Quorum queues refuse priorities. */
function isFor(name: string, type: QueueType): boolean {
  return name !== 'x-max-priority' || type === 'classic';
}

function deadLetterArguments(deadLetters: DeadLetters): ArgumentValues {
  switch (deadLetters.to) {
    case 'nowhere':
      return {};
    case 'queue':
      return { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': deadLetters.queue };
    case 'exchange': {
      const { exchange, routingKey } = deadLetters;
      const key = routingKey === '' ? {} : { 'x-dead-letter-routing-key': routingKey };
      return { 'x-dead-letter-exchange': exchange, ...key };
    }
  }
}
