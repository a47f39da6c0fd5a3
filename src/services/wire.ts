/**
 * How services talk over AMQP, so that a program in any language can join with any client (docs/services.md):
 *
 * - a contract is a durable topic exchange of its name; a message has its payload as JSON, `message-id`, `type` (the name of the
 *   contract) and `timestamp`; a call has `reply-to` and `correlation-id` too;
 * - the routing key is the slot of the message's key, `slot.0` to `slot.63`, or `none` without a key;
 * - a service has the queue `<service>.in`, bound with `#` to the exchange of each contract that it handles; where a handler is
 *   `ordered`, `<service>.<contract>.<n>` are bound to slots each, the first one to `none` as well; a handler with a `rate` has
 *   `<service>.<contract>.in` for itself; dead letters are in `<service>.dead`.
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

/** Of a handler with a limit: what waits for it must not keep the other messages of the service waiting. */
export function limitedQueue(service: string, contract: string): string {
  return `${service}.${contract}.in`;
}

/** Where the times of recurring jobs are announced. It has one active consumer. */
export function everyQueue(service: string): string {
  return `${service}.every`;
}

export function partitionQueue(service: string, contract: string, partition: number): string {
  return `${service}.${contract}.${partition}`;
}

/** Where the instances of a service tell each other that they are there, to share the partitions of ordered handlers. A fanout exchange; no contract has a colon in its name. */
export function presenceExchange(service: string): string {
  return `${service}:presence`;
}

/** The `type` of what a timer of a saga sends to its own service. It has no exchange. */
export function timerType(service: string, saga: string): string {
  return `${service}.${saga}.timeout`;
}

/** The `type` of what says that it is time for a recurring job. It has no exchange. */
export function jobType(service: string, job: string): string {
  return `${service}.${job}.due`;
}

export function slotRoutingKey(slot: number | string): string {
  return `slot.${slot}`;
}

/** The slot of a key: FNV-1a of 32 bits over its UTF-8 bytes, modulo 64. No program may have another one. */
export function slotOf(key: string): number {
  let hash = FNV_OFFSET;
  for (let index = 0; index < key.length; index += 1) {
    const code = key.charCodeAt(index);
    if (code > ASCII_MAX) return slotOfBytes(new TextEncoder().encode(key));
    hash = Math.imul(hash ^ code, FNV_PRIME);
  }
  return (hash >>> 0) % SLOT_COUNT;
}

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
const ASCII_MAX = 0x7f;

function slotOfBytes(bytes: Uint8Array): number {
  let hash = FNV_OFFSET;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, FNV_PRIME);
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
