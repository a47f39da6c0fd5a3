/**
 * A message that is to be tried again later is published anew, as a copy with the same id. These headers say what the copy
 * itself cannot say.
 */
import { type FieldTable, field } from '../codec/field-table.ts';
import type { BasicProperties } from '../codec/properties.ts';
import type { TransportContent } from './transport.ts';

/** How often the message was put off. */
const COUNT = 'x-retry-count';
const EXCHANGE = 'x-retry-exchange';
const ROUTING_KEY = 'x-retry-routing-key';

/**
 * Headers that are about the delivery that failed, or would change the way of the copy: CC routes it elsewhere as well, and
 * with x-death RabbitMQ may take the copy for one that goes round in a circle, and drop it.
 */
const LEFT_OUT = ['CC', 'x-death', 'x-delay', 'x-deliver-at', 'x-delivery-count'];

interface Origin {
  readonly exchange: string;
  readonly routingKey: string;
}

/** Where a message was published to the first time. */
export function originOf(content: TransportContent): Origin {
  const { headers } = content.properties;
  if (headers === undefined || retryCountOf(headers) === 0) return content;
  const exchange = headers.get(EXCHANGE)?.value;
  const routingKey = headers.get(ROUTING_KEY)?.value;
  if (typeof exchange !== 'string' || typeof routingKey !== 'string') return content;
  return { exchange, routingKey };
}

/** How often a message was put off before this delivery. */
export function retryCountOf(headers: FieldTable | undefined): number {
  const count = headers?.get(COUNT)?.value;
  return typeof count === 'number' && count > 0 ? count : 0;
}

/** The properties of the copy. A user-id is left out: it would have to be that of this connection. */
export function retryProperties(content: TransportContent): BasicProperties & { headers: FieldTable } {
  const { userId: _user, headers: before, ...others } = content.properties;
  const { exchange, routingKey } = originOf(content);
  const headers: FieldTable = new Map(before);
  for (const name of LEFT_OUT) headers.delete(name);
  headers.set(COUNT, field.int(retryCountOf(before) + 1));
  headers.set(EXCHANGE, field.string(exchange));
  headers.set(ROUTING_KEY, field.string(routingKey));
  return { ...others, headers };
}
