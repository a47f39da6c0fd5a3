import type { IncomingDelivery } from '../../client/incoming-delivery.ts';
import type { OutgoingMessage } from '../../client/outgoing-message.ts';
import { type Field, type FieldTable, field } from '../../codec/field-table.ts';
import { deadQueue, HEADER } from '../wire.ts';
import { headerText } from './header-text.ts';

/** What is known of a message that could not be handled. */
export interface Failure {
  readonly service: string;
  readonly attempts: number;
  readonly error: Error;
  readonly nowMs: number;
  /** As its retries tell. */
  readonly firstFailedMs: number;
}

/** On a message that is tried again; on a replay it begins anew. */
const RETRY_HEADERS = ['x-retry-count', 'x-retry-exchange', 'x-retry-routing-key'];

/** A copy for the dead letters of a service, with the headers in which brokers and their tools look for the queue it came from. */
export function deadLetterOf(
  delivery: IncomingDelivery,
  messageId: string,
  failure: Failure,
): OutgoingMessage {
  const { contentType, contentEncoding, correlationId, replyTo, type, appId, priority } = delivery.properties;
  const { timestamp } = delivery;
  return {
    routingKey: deadQueue(failure.service),
    body: delivery.bytes,
    messageId,
    headers: headersOf(delivery, failure),
    ...(contentType !== undefined && { contentType }),
    ...(contentEncoding !== undefined && { contentEncoding }),
    ...(correlationId !== undefined && { correlationId }),
    ...(replyTo !== undefined && { replyTo }),
    ...(timestamp !== undefined && { timestamp }),
    ...(type !== undefined && { type }),
    ...(appId !== undefined && { appId }),
    ...(priority !== undefined && { priority }),
  };
}

function headersOf(delivery: IncomingDelivery, failure: Failure): FieldTable {
  const { service, attempts, error, nowMs, firstFailedMs } = failure;
  const headers: FieldTable = new Map(delivery.properties.headers);
  for (const name of RETRY_HEADERS) headers.delete(name);
  setFirstDeath(headers, delivery);
  headers.set('x-death', deathsOf(delivery, headers.get('x-death'), nowMs));
  headers.set(HEADER.error, field.string(headerText(error.message)));
  headers.set(HEADER.stack, field.string(headerText(error.stack ?? String(error))));
  headers.set(HEADER.service, field.string(service));
  headers.set(HEADER.attempts, field.int(attempts));
  headers.set(HEADER.firstFailed, field.string(new Date(firstFailedMs).toISOString()));
  return headers;
}

/** On RabbitMQ a message waits for its next attempt in a queue of the client, and RabbitMQ takes the end of that for its first death. */
function setFirstDeath(headers: FieldTable, { queue, exchange }: IncomingDelivery): void {
  const first = headers.get('x-first-death-queue')?.value;
  if (typeof first === 'string' && !first.startsWith(`${queue}.retry.`)) return;
  headers.set('x-first-death-queue', field.string(queue));
  headers.set('x-first-death-reason', field.string('rejected'));
  headers.set('x-first-death-exchange', field.string(exchange));
}

/** The newest death comes first; one of the same queue and reason counts on (docs of RabbitMQ, "Dead-Letter Exchanges"). */
function deathsOf(
  { queue, exchange, routingKey }: IncomingDelivery,
  former: Field | undefined,
  nowMs: number,
): Field {
  const others = former?.tag === 'A' ? [...(former.value as readonly Field[])] : [];
  const index = others.findIndex((each) => each.tag === 'F' && isDeathIn(each.value as FieldTable, queue));
  const [same] = index < 0 ? [] : others.splice(index, 1);
  const count = same === undefined ? 0 : Number((same.value as FieldTable).get('count')?.value ?? 0);
  const death: FieldTable = new Map([
    ['count', field.long(count + 1)],
    ['reason', field.string('rejected')],
    ['queue', field.string(queue)],
    ['time', field.timestamp(Math.floor(nowMs / 1000))],
    ['exchange', field.string(exchange)],
    ['routing-keys', field.array([field.string(routingKey)])],
  ]);
  return field.array([field.table(death), ...others]);
}

function isDeathIn(death: FieldTable, queue: string): boolean {
  return death.get('queue')?.value === queue && death.get('reason')?.value === 'rejected';
}
