/**
 * The arguments of queue.declare, and what they amount to together with a policy. Rules and texts are those of
 * RabbitMQ 3.13, so that an application that declares its queues there declares them here.
 *
 * Two things are allowed that RabbitMQ refuses: `x-delivery-limit` and the arguments of delayed retry work on every
 * type of queue. Arguments that nobody knows are ignored, as there.
 */
import { SHORTSTR_BYTES_MAX, utf8Length } from '../../codec/bytes.ts';
import type { Field, FieldTable } from '../../codec/field-table.ts';
import { notImplemented, preconditionFailed } from '../failures.ts';
import {
  DEDUPLICATION_KEYS,
  type DeduplicationArguments,
  parseDeduplication,
} from './deduplication-arguments.ts';
import {
  DELAYED_RETRY_TYPES,
  type DelayedRetry,
  type DelayedRetrySettings,
  type DelayedRetryType,
  delayedRetryOf,
  EXPONENTIAL_DEFAULT,
  EXPONENTIAL_MAX,
} from './delayed-retry.ts';
import { resourceText } from './equivalence.ts';
import { fieldText, fieldTypeName, isInteger } from './field-text.ts';
import { OUTCOME_TTL_MAX_MS } from './outcome-ttl.ts';

export type QueueType = 'classic' | 'quorum' | 'stream';
export type Overflow = 'drop-head' | 'reject-publish' | 'reject-publish-dlx';

/** What a queue does. Undefined: no limit, or not set. */
export interface QueueArguments {
  readonly type: QueueType;
  /** 0: a message expires unless it can be delivered at once. */
  readonly messageTtlMs?: number | undefined;
  readonly expiresMs?: number | undefined;
  readonly maxLength?: number | undefined;
  readonly maxLengthBytes?: number | undefined;
  /** Undefined means drop-head. */
  readonly overflow?: Overflow | undefined;
  readonly deadLetterExchange?: string | undefined;
  readonly deadLetterRoutingKey?: string | undefined;
  /** 1 to 255: the number of priority levels above 0. */
  readonly maxPriority?: number | undefined;
  readonly singleActiveConsumer: boolean;
  readonly deliveryLimit?: number | undefined;
  readonly consumerTimeoutMs?: number | undefined;
  readonly deduplication?: DeduplicationArguments | undefined;
  /** For how long the outcomes of all messages with a message-id are kept; 0: only of those that ask for it. */
  readonly outcomeTtlMs?: number | undefined;
  readonly delayedRetry?: DelayedRetry | undefined;
  /** What the arguments say about delayed retry: a policy may fill what they leave open. */
  readonly delayedRetrySettings: DelayedRetrySettings;
}

/** The properties in queue.declare that decide whether a queue of some type may exist. */
export interface QueueProperties {
  readonly durable: boolean;
  readonly exclusive: boolean;
  readonly autoDelete: boolean;
}

/** 10 years. RabbitMQ's upper bound for every time in queue arguments. */
const DURATION_MAX_MS = 315_360_000_000;
const PRIORITY_MAX = 255;
/** Larger limits than a number can hold exactly mean no limit in practice. */
const INTEGER_MAX = Number.MAX_SAFE_INTEGER;

const QUEUE_TYPES: readonly QueueType[] = ['classic', 'quorum', 'stream'];
const OVERFLOWS: readonly Overflow[] = ['drop-head', 'reject-publish', 'reject-publish-dlx'];

/** What is wrong with an argument, as RabbitMQ prints it; undefined when nothing is. */
type Check = (field: Field, args: FieldTable) => string | undefined;

interface QueueArgument {
  readonly check?: Check;
  /** The queue types that refuse the argument. */
  readonly refusedBy?: readonly QueueType[];
  /** May differ when the queue is declared again: it has no effect here, or RabbitMQ 3.13 does not look at it. */
  readonly mayDiffer?: true;
}

const integer: Check = (field) => {
  return isInteger(field) ? undefined : `"expected integer, got ${fieldTypeName(field)}"`;
};

const boolean: Check = (field) => (field.tag === 't' ? undefined : unacceptableType(field));

const string: Check = (field) => (field.tag === 'S' ? undefined : unacceptableType(field));

const countingNumber: Check = (field, args) => {
  const wrong = integer(field, args);
  if (wrong !== undefined) return wrong;
  return Number(field.value) < 0 ? `{value_negative,${fieldText(field)}}` : undefined;
};

const positiveNumber: Check = (field, args) => {
  const wrong = countingNumber(field, args);
  if (wrong !== undefined) return wrong;
  return Number(field.value) === 0 ? `{value_zero,${fieldText(field)}}` : undefined;
};

const durationMs: Check = (field, args) => {
  const wrong = countingNumber(field, args);
  if (wrong !== undefined) return wrong;
  return Number(field.value) > DURATION_MAX_MS ? `{value_too_large,${fieldText(field)}}` : undefined;
};

const outcomeTtlMs: Check = (field, args) => {
  const wrong = countingNumber(field, args);
  if (wrong !== undefined) return wrong;
  return Number(field.value) > OUTCOME_TTL_MAX_MS ? `{value_too_large,${fieldText(field)}}` : undefined;
};

const positiveDurationMs: Check = (field, args) => positiveNumber(field, args) ?? durationMs(field, args);

const priorityLevels: Check = (field, args) => {
  const wrong = countingNumber(field, args);
  if (wrong !== undefined) return wrong;
  return Number(field.value) > PRIORITY_MAX ? `{max_value_exceeded,${fieldText(field)}}` : undefined;
};

const queueVersion: Check = (field, args) => {
  const wrong = countingNumber(field, args);
  if (wrong !== undefined) return wrong;
  return field.value === 1 || field.value === 2
    ? undefined
    : `"unsupported queue version '${fieldText(field)}'"`;
};

/** A name that a message will carry: in its address it is a shortstr. */
const shortName: Check = (field) => {
  // A longstr that is no UTF-8 comes as bytes. No exchange or routing key has such a name, and no permission is for it.
  if (typeof field.value !== 'string') return `"expected UTF-8 text, got ${fieldText(field)}"`;
  const nameBytes = utf8Length(fieldText(field));
  return nameBytes > SHORTSTR_BYTES_MAX
    ? `"expected at most ${SHORTSTR_BYTES_MAX} bytes, got ${nameBytes}"`
    : undefined;
};

const deadLetterRoutingKey: Check = (field, args) => {
  if (field.tag !== 'S') return unacceptableType(field);
  const wrong = shortName(field, args);
  if (wrong !== undefined) return wrong;
  return args.has('x-dead-letter-exchange') ? undefined : 'routing_key_but_no_dlx_defined';
};

const delayedRetryMax: Check = (field, args) => {
  const wrong = positiveDurationMs(field, args);
  const minimum = args.get('x-delayed-retry-min');
  if (wrong !== undefined || minimum === undefined || !isInteger(minimum)) return wrong;
  if (Number(field.value) >= Number(minimum.value)) return undefined;
  return `"must not be smaller than x-delayed-retry-min (${fieldText(minimum)}), got ${fieldText(field)}"`;
};

const delayedRetryExponential: Check = (field) => {
  const { value } = field;
  if (field.tag === 't') return undefined;
  if (typeof value === 'number' && value > 1 && value <= EXPONENTIAL_MAX) return undefined;
  return `"expected a boolean or a factor above 1 and up to ${EXPONENTIAL_MAX}, got ${fieldText(field)}"`;
};

function oneOf(allowed: readonly string[], wrong: (text: string) => string): Check {
  return (field) => {
    if (field.tag !== 'S') return unacceptableType(field);
    return allowed.includes(fieldText(field)) ? undefined : wrong(fieldText(field));
  };
}

function unacceptableType(field: Field): string {
  return `{unacceptable_type,${fieldTypeName(field)}}`;
}

const BUT_QUORUM: readonly QueueType[] = ['classic', 'stream'];
const BUT_CLASSIC: readonly QueueType[] = ['quorum', 'stream'];
const BUT_STREAM: readonly QueueType[] = ['classic', 'quorum'];

/** All arguments with a meaning, in the order in which they are checked. */
const QUEUE_ARGUMENTS: ReadonlyMap<string, QueueArgument> = new Map<string, QueueArgument>([
  ['x-expires', { check: positiveDurationMs }],
  ['x-message-ttl', { check: durationMs }],
  ['x-dead-letter-exchange', { check: shortName }],
  ['x-dead-letter-routing-key', { check: deadLetterRoutingKey }],
  [
    'x-dead-letter-strategy',
    { check: oneOf(['at-most-once', 'at-least-once'], () => 'invalid_dlx_strategy'), refusedBy: BUT_QUORUM },
  ],
  ['x-max-length', { check: countingNumber }],
  ['x-max-length-bytes', { check: countingNumber }],
  ['x-max-in-memory-length', { check: countingNumber, refusedBy: BUT_QUORUM, mayDiffer: true }],
  ['x-max-in-memory-bytes', { check: countingNumber, refusedBy: BUT_QUORUM, mayDiffer: true }],
  ['x-max-priority', { check: priorityLevels, refusedBy: BUT_CLASSIC }],
  ['x-overflow', { check: oneOf(OVERFLOWS, () => 'invalid_overflow') }],
  [
    'x-queue-mode',
    {
      check: oneOf(['default', 'lazy'], (text) => `"unsupported queue mode '${text}'"`),
      refusedBy: BUT_CLASSIC,
    },
  ],
  ['x-queue-version', { check: queueVersion, refusedBy: BUT_CLASSIC }],
  ['x-single-active-consumer', { check: boolean }],
  ['x-queue-type', {}],
  ['x-quorum-initial-group-size', { check: positiveNumber, mayDiffer: true }],
  ['x-queue-master-locator', { refusedBy: BUT_CLASSIC, mayDiffer: true }],
  [
    'x-queue-leader-locator',
    {
      check: oneOf(
        ['client-local', 'balanced', 'random', 'least-leaders'],
        () => 'invalid_queue_locator_arg',
      ),
      mayDiffer: true,
    },
  ],
  ['x-max-age', { check: string, refusedBy: BUT_STREAM }],
  ['x-stream-max-segment-size-bytes', { check: countingNumber, refusedBy: BUT_STREAM }],
  ['x-stream-filter-size-bytes', { check: countingNumber, refusedBy: BUT_STREAM }],
  ['x-initial-cluster-size', { check: positiveNumber, refusedBy: BUT_STREAM }],
  ['x-delivery-limit', { check: integer }],
  ['x-consumer-timeout', { check: durationMs, mayDiffer: true }],
  [
    'x-delayed-retry-type',
    { check: oneOf(DELAYED_RETRY_TYPES, (text) => `"unsupported delayed retry type '${text}'"`) },
  ],
  ['x-delayed-retry-min', { check: positiveDurationMs }],
  ['x-delayed-retry-max', { check: delayedRetryMax }],
  ['x-delayed-retry-exponential', { check: delayedRetryExponential }],
  ['x-outcome-ttl', { check: outcomeTtlMs }],
  ...DEDUPLICATION_KEYS.map((key): [string, QueueArgument] => [key, {}]),
]);

/** The arguments that must mean the same when the queue is declared again. */
export const QUEUE_EQUIVALENCE_KEYS: readonly string[] = [...QUEUE_ARGUMENTS]
  .filter(([, argument]) => argument.mayDiffer !== true)
  .map(([key]) => key);

/**
 * Checks the arguments of queue.declare and says what they mean. ChannelError 406 for a wrong argument, or a property that
 * the queue type cannot have; ConnectionError 540 for the queue type stream.
 */
export function parseQueueArguments(
  args: FieldTable,
  queueName: string,
  vhost: string,
  properties: QueueProperties,
): QueueArguments {
  const queue = resourceText({ kind: 'queue', name: queueName, vhost });
  const type = parseQueueType(args, queue);
  checkDeadLetterExchange(args, queue);
  checkValues(args, type, queue);
  checkKeys(args, type, queue);
  if (type === 'quorum') checkQuorumProperties(properties, queue);
  if (type === 'stream') throw notImplemented(`queue type 'stream' for ${queue}: use 'classic' or 'quorum'`);
  return argumentsOf(args, type, parseDeduplication(args, queue));
}

/** The type of this name, if there is one. */
export function queueTypeOf(name: string | undefined): QueueType | undefined {
  return memberOf(QUEUE_TYPES, name);
}

/** 406 when a queue with these arguments cannot get its name from the broker. */
export function assertMayBeServerNamed(args: FieldTable): void {
  const type = textOf(args, 'x-queue-type') ?? 'classic';
  if (type !== 'quorum' && type !== 'stream') return;
  throw preconditionFailed(`Cannot declare a server-named queue for type ${moduleName(type)}`);
}

function parseQueueType(args: FieldTable, queue: string): QueueType {
  const field = args.get('x-queue-type');
  if (field === undefined || field.value === 'undefined') return 'classic';
  if (field.tag !== 'S') throw invalidArgument('x-queue-type', queue, unacceptableType(field));
  const type = QUEUE_TYPES.find((known) => known === field.value);
  if (type !== undefined) return type;
  throw invalidArgument('x-queue-type', queue, `"unsupported queue type '${fieldText(field)}'"`);
}

function checkDeadLetterExchange(args: FieldTable, queue: string): void {
  const field = args.get('x-dead-letter-exchange');
  if (field === undefined || field.tag === 'S') return;
  throw preconditionFailed(
    `invalid type '${fieldTypeName(field)}' for arg 'x-dead-letter-exchange' in ${queue}`,
  );
}

function checkValues(args: FieldTable, type: QueueType, queue: string): void {
  for (const [key, { check, refusedBy }] of QUEUE_ARGUMENTS) {
    const field = args.get(key);
    if (field === undefined || check === undefined || refusedBy?.includes(type) === true) continue;
    const wrong = check(field, args);
    if (wrong !== undefined) throw invalidArgument(key, queue, wrong);
  }
}

function checkKeys(args: FieldTable, type: QueueType, queue: string): void {
  for (const key of args.keys()) {
    if (QUEUE_ARGUMENTS.get(key)?.refusedBy?.includes(type) === true) {
      throw preconditionFailed(`invalid arg '${key}' for ${queue} of queue type ${moduleName(type)}`);
    }
  }
}

function checkQuorumProperties(properties: QueueProperties, queue: string): void {
  if (properties.autoDelete) throw preconditionFailed(`invalid property 'auto-delete' for ${queue}`);
  if (properties.exclusive) throw preconditionFailed(`invalid property 'exclusive-owner' for ${queue}`);
  if (!properties.durable) throw preconditionFailed(`invalid property 'non-durable' for ${queue}`);
}

function invalidArgument(key: string, queue: string, wrong: string): Error {
  return preconditionFailed(`invalid arg '${key}' for ${queue}: ${wrong}`);
}

/** RabbitMQ's texts name the module that does a queue type. */
function moduleName(type: QueueType): string {
  return `rabbit_${type}_queue`;
}

function argumentsOf(
  args: FieldTable,
  type: QueueType,
  deduplication: DeduplicationArguments | undefined,
): QueueArguments {
  const settings = delayedRetrySettingsOf(args, 'x-delayed-retry');
  return {
    type,
    messageTtlMs: numberOf(args, 'x-message-ttl'),
    expiresMs: numberOf(args, 'x-expires'),
    maxLength: numberOf(args, 'x-max-length'),
    maxLengthBytes: numberOf(args, 'x-max-length-bytes'),
    overflow: memberOf(OVERFLOWS, textOf(args, 'x-overflow')),
    deadLetterExchange: textOf(args, 'x-dead-letter-exchange'),
    deadLetterRoutingKey: textOf(args, 'x-dead-letter-routing-key'),
    // RabbitMQ takes 0 for a queue without priorities.
    maxPriority: numberOf(args, 'x-max-priority') || undefined,
    singleActiveConsumer: args.get('x-single-active-consumer')?.value === true,
    deliveryLimit: deliveryLimitOf(args, 'x-delivery-limit'),
    consumerTimeoutMs: numberOf(args, 'x-consumer-timeout'),
    deduplication,
    outcomeTtlMs: numberOf(args, 'x-outcome-ttl'),
    delayedRetry: delayedRetryOf(settings),
    delayedRetrySettings: settings,
  };
}

/**
 * What a queue does under a policy. `definition` is the merged one of policy and operator policy.
 * Of two numbers the lower counts, so that an operator policy caps what applications ask for. Of anything else the
 * argument counts, except for the type of delayed retry, where RabbitMQ lets the policy win.
 */
export function applyPolicy(own: QueueArguments, definition: FieldTable): QueueArguments {
  const settings = mergeDelayedRetry(
    own.delayedRetrySettings,
    delayedRetrySettingsOf(definition, 'delayed-retry'),
  );
  return {
    type: own.type,
    messageTtlMs: lower(own.messageTtlMs, numberOf(definition, 'message-ttl')),
    expiresMs: lower(own.expiresMs, numberOf(definition, 'expires')),
    maxLength: lower(own.maxLength, numberOf(definition, 'max-length')),
    maxLengthBytes: lower(own.maxLengthBytes, numberOf(definition, 'max-length-bytes')),
    overflow: own.overflow ?? memberOf(OVERFLOWS, textOf(definition, 'overflow')),
    deadLetterExchange: own.deadLetterExchange ?? textOf(definition, 'dead-letter-exchange'),
    deadLetterRoutingKey: own.deadLetterRoutingKey ?? textOf(definition, 'dead-letter-routing-key'),
    maxPriority: own.maxPriority,
    singleActiveConsumer: own.singleActiveConsumer,
    deliveryLimit: lower(own.deliveryLimit, deliveryLimitOf(definition, 'delivery-limit')),
    consumerTimeoutMs: lower(own.consumerTimeoutMs, numberOf(definition, 'consumer-timeout')),
    deduplication: own.deduplication,
    outcomeTtlMs: lower(own.outcomeTtlMs, numberOf(definition, 'outcome-ttl')),
    delayedRetry: delayedRetryOf(settings),
    delayedRetrySettings: own.delayedRetrySettings,
  };
}

function mergeDelayedRetry(own: DelayedRetrySettings, policy: DelayedRetrySettings): DelayedRetrySettings {
  return {
    type: policy.type ?? own.type,
    minMs: lower(own.minMs, policy.minMs),
    maxMs: lower(own.maxMs, policy.maxMs),
    exponential: own.exponential ?? policy.exponential,
  };
}

function delayedRetrySettingsOf(args: FieldTable, prefix: string): DelayedRetrySettings {
  return {
    type: memberOf<DelayedRetryType>(DELAYED_RETRY_TYPES, textOf(args, `${prefix}-type`)),
    minMs: numberOf(args, `${prefix}-min`),
    maxMs: numberOf(args, `${prefix}-max`),
    exponential: exponentialOf(args.get(`${prefix}-exponential`)),
  };
}

function exponentialOf(field: Field | undefined): number | undefined {
  if (field?.value === true) return EXPONENTIAL_DEFAULT;
  return typeof field?.value === 'number' ? field.value : undefined;
}

/** A negative limit means none (RabbitMQ 4). */
function deliveryLimitOf(args: FieldTable, key: string): number | undefined {
  const limit = numberOf(args, key);
  return limit !== undefined && limit < 0 ? undefined : limit;
}

function numberOf(args: FieldTable, key: string): number | undefined {
  const field = args.get(key);
  return field !== undefined && isInteger(field) ? Math.min(Number(field.value), INTEGER_MAX) : undefined;
}

function textOf(args: FieldTable, key: string): string | undefined {
  const value = args.get(key)?.value;
  return typeof value === 'string' ? value : undefined;
}

function memberOf<T extends string>(allowed: readonly T[], text: string | undefined): T | undefined {
  return allowed.find((known) => known === text);
}

function lower(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.min(a, b);
}
