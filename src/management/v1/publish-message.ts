import { ByteWriter } from '../../codec/byte-writer.ts';
import { writeProperties } from '../../codec/properties.ts';
import type { Broker } from '../../core/broker.ts';
import { Publication } from '../../core/message/publication.ts';
import type { Queue } from '../../core/queue/queue.ts';
import { authorizePublication, publishMessage } from '../../core/session/publish-message.ts';
import type { Session } from '../../core/session/session.ts';
import type { MessageInput } from './message-input.ts';
import { Problem } from './problem.ts';

/** How long publishers are asked to wait. */
const RETRY_AFTER_ALARM_SECONDS = 5;
const RETRY_AFTER_FULL_SECONDS = 1;

/** How long an idempotency key counts. */
const KEY_MS = 86_400_000;
const UNROUTED = '{"routed":false,"queues":[]}';
const KEPT_BYTES_MAX = 256 * 1024;
const NOTHING = new Uint8Array(0);

/**
 * Publishes one message; what it answers is JSON text. Throws ChannelError, CodecError or Problem when the message is refused.
 * Runs per message.
 */
export function publishInput(
  broker: Broker,
  session: Session,
  exchangeName: string,
  message: MessageInput,
): string {
  fill(exchangeName, message);
  try {
    return message.idempotencyKey === undefined
      ? publish(broker, session, message)
      : publishOnce(broker, session, message, message.idempotencyKey);
  } finally {
    scratch.setBody(NOTHING, 0, 0);
    if (writer.bytes.length > KEPT_BYTES_MAX) forgetScratch();
  }
}

/** As a channel has one: most messages have the properties of the one before, which are not decoded again then. */
let scratch = new Publication();
let writer = new ByteWriter();

/** What one large message needed is not kept for ever. */
function forgetScratch(): void {
  scratch = new Publication();
  writer = new ByteWriter();
}

/** A key counts for one user and one exchange. It is durable in the group of its message, and so as durable as that. */
function publishOnce(broker: Broker, session: Session, message: MessageInput, key: string): string {
  const { deduplication } = session.vhost;
  const scope = `http ${session.username} ${scratch.exchange}`;
  // Whether it may be published is said to whoever repeats it, too.
  authorizePublication(broker, session, scratch);
  if (deduplication.isRepeated(scope, key)) return '{"routed":true,"queues":[],"repeated":true}';
  const { persistent } = scratch;
  const text = publish(broker, session, message);
  if (text !== UNROUTED) deduplication.remember(scope, key, KEY_MS, persistent);
  return text;
}

function fill(exchange: string, { routingKey, properties, body }: MessageInput): void {
  writer.reset();
  writer.shortstr(exchange);
  writer.shortstr(routingKey);
  const addressEnd = writer.position;
  writeProperties(writer, properties);
  const { bytes, position } = writer;
  if (!scratch.hasAddress(bytes, 0, addressEnd)) scratch.setAddress(bytes, 0, addressEnd);
  scratch.setProperties(bytes, addressEnd, position);
  scratch.setBody(body, 0, body.length);
}

function publish(broker: Broker, session: Session, message: MessageInput): string {
  const exchange = authorizePublication(broker, session, scratch);
  const queues: Queue[] = [];
  const outcome = publishMessage(broker, session, exchange, scratch, message.mandatory, queues);
  if (outcome === 'refused') throw queueFull(queues);
  if (outcome === 'routed') return publishedText(queues, message);
  if (!message.mandatory) return UNROUTED;
  throw new Problem('unroutable', unroutableText(exchange.name, message.routingKey));
}

function unroutableText(exchange: string, routingKey: string): string {
  if (exchange === '') return `there is no queue '${routingKey}' in this vhost: declare it first`;
  return `no binding of exchange '${exchange}' leads to a queue for routing key '${routingKey}'`;
}

/** Problem 503 while publishers have to wait, as over AMQP. */
export function refuseDuringAlarm({ alarmReason }: Broker): void {
  if (alarmReason === undefined) return;
  throw new Problem('unavailable', `the broker is ${alarmReason}, and takes no messages until it is not`, {
    retryAfterSeconds: RETRY_AFTER_ALARM_SECONDS,
  });
}

function publishedText(queues: readonly Queue[], { deliverAtMs }: MessageInput): string {
  if (queues.length === 1) return `{"routed":true,"queues":[${JSON.stringify((queues[0] as Queue).name)}]}`;
  const names = queues.map((queue) => queue.name);
  if (queues.length > 0 || deliverAtMs === undefined)
    return `{"routed":true,"queues":${JSON.stringify(names)}}`;
  return `{"routed":true,"queues":[],"deliver_at":"${new Date(deliverAtMs).toISOString()}"}`;
}

function queueFull(queues: readonly Queue[]): Problem {
  const limited = queues.filter(({ settings }) => settings.overflow?.startsWith('reject-publish') === true);
  const names = limited.map((queue) => `'${queue.name}'`).join(', ');
  return new Problem(
    'queue-full',
    `at least one of the queues ${names} is at its limit and refuses messages`,
    {
      retryAfterSeconds: RETRY_AFTER_FULL_SECONDS,
    },
  );
}
