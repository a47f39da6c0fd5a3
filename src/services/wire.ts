/**
 * How services talk over AMQP, so that a program in any language can join with any client (docs/services.md):
 *
 * - a contract is a durable topic exchange of its name; a message has its payload as JSON, `message-id`, `type` (the name of the
 *   contract) and `timestamp`; a call has `reply-to` and `correlation-id` too;
 * - the routing key is the slot of the message's key, `slot.0` to `slot.63`, or `none` without a key;
 * - a service has the queue `<service>.in`, bound with `#` to the exchange of each contract that it handles; where a handler is
 *   `ordered`, `<service>.<contract>.<n>` are bound to slots each; dead letters are in `<service>.dead`.
 */
export const SLOT_COUNT = 64;

/** Partitions of an ordered handler: as many instances may share it. */
export const PARTITION_COUNT = 8;

export const NO_KEY = 'none';

export function inQueue(service: string): string {
  return `${service}.in`;
}

export function deadQueue(service: string): string {
  return `${service}.dead`;
}

export function partitionQueue(service: string, contract: string, partition: number): string {
  return `${service}.${contract}.${partition}`;
}

export function slotRoutingKey(slot: number): string {
  return `slot.${slot}`;
}

/** The slot of a key: FNV-1a over its UTF-16 units, which no process may change. */
export function slotOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index += 1) {
    hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0) % SLOT_COUNT;
}

/** Headers that the toolkit reads and writes. */
export const HEADER = {
  /** On an answer: why it is an error. */
  error: 'x-error',
  /** On an answer: `rejected` when trying again does not help. */
  errorKind: 'x-error-kind',
  /** On a message that asks for the result of a command that was sent before. */
  resultOnly: 'x-result-only',
  /** Where the payload is, when it travels beside the queue. */
  claimCheck: 'x-claim-check',
  /** On a dead letter. */
  stack: 'x-error-stack',
  service: 'x-service',
  attempts: 'x-attempts',
  firstFailed: 'x-first-failed',
} as const;
