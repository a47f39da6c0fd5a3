import { decodeShortstr, encodeUtf8 } from '../../codec/bytes.ts';
import { decodeProperties, PROPERTY_FLAG } from '../../codec/properties.ts';
import type { MessageRecord, RecordSource } from './message-record.ts';

/**
 * Told of the messages that are part of a distributed trace: those with a header `traceparent` (W3C Trace Context). Implemented by
 * the host; a host without one costs a comparison per message.
 */
export interface MessageTracer {
  /** It came to its exchange, and goes into these queues: none when it is unroutable. */
  onPublish(message: TracedMessage, queues: readonly string[]): void;
  /** It is on its way to a consumer. */
  onDeliver(message: TracedMessage, delivery: TracedDelivery): void;
}

export interface TracedMessage {
  /** As the publisher wrote it; nobody has checked it. */
  readonly traceparent: string;
  readonly tracestate: string | undefined;
  readonly vhost: string;
  readonly exchange: string;
  readonly routingKey: string;
  readonly messageId: string | undefined;
  readonly correlationId: string | undefined;
  readonly bodyBytes: number;
}

export interface TracedDelivery {
  readonly queue: string;
  /** Undefined for basic.get. */
  readonly consumerTag: string | undefined;
  readonly redelivered: boolean;
  /** Since it came into the queue. */
  readonly waitedMs: number;
}

/** The message of a publication; undefined when it is part of no trace. */
export function tracedPublication(publication: RecordSource, vhost: string): TracedMessage | undefined {
  const { address, propertyBytes, propertiesEnd, bodyEnd, bodyStart } = publication;
  return tracedMessage(vhost, address, 0, propertyBytes, 0, propertiesEnd, bodyEnd - bodyStart);
}

/** The message of a record, likewise. */
export function tracedRecord(record: MessageRecord, vhost: string): TracedMessage | undefined {
  const { bytes, addressStart, addressEnd, bodyStart, bodyEnd } = record;
  return tracedMessage(vhost, bytes, addressStart, bytes, addressEnd, bodyStart, bodyEnd - bodyStart);
}

function tracedMessage(
  vhost: string,
  address: Uint8Array,
  addressStart: number,
  properties: Uint8Array,
  propertiesStart: number,
  propertiesEnd: number,
  bodyBytes: number,
): TracedMessage | undefined {
  const hasHeaders = ((properties[propertiesStart] as number) << 8) & PROPERTY_FLAG.HEADERS;
  if (hasHeaders === 0 || !mentionsTrace(properties, propertiesStart, propertiesEnd)) return undefined;
  const { headers, messageId, correlationId } = decodeProperties(properties, propertiesStart, propertiesEnd);
  const traceparent = headers?.get('traceparent')?.value;
  if (typeof traceparent !== 'string') return undefined;
  const tracestate = headers?.get('tracestate')?.value;
  const exchangeEnd = addressStart + 1 + (address[addressStart] as number);
  const keyEnd = exchangeEnd + 1 + (address[exchangeEnd] as number);
  return {
    traceparent,
    tracestate: typeof tracestate === 'string' ? tracestate : undefined,
    vhost,
    exchange: decodeShortstr(address, addressStart + 1, exchangeEnd),
    routingKey: decodeShortstr(address, exchangeEnd + 1, keyEnd),
    messageId,
    correlationId,
    bodyBytes,
  };
}

const TRACEPARENT: Uint8Array = encodeUtf8('traceparent');

/** Looks for the name in the raw bytes: decoding the table would take ten times as long. */
function mentionsTrace(bytes: Uint8Array, start: number, end: number): boolean {
  const { length } = TRACEPARENT;
  for (let at = start; at + length < end; at++) {
    if (bytes[at] !== length) continue;
    let same = 0;
    while (same < length && bytes[at + 1 + same] === TRACEPARENT[same]) same++;
    if (same === length) return true;
  }
  return false;
}
