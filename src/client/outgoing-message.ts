import type { BasicProperties } from '../codec/properties.ts';
import { type Body, encodeBody } from './body-encoding.ts';
import type { TableInput } from './delivery.ts';
import { fieldTableOf } from './table-input.ts';
import type { TransportMessage } from './transport.ts';

/** A message to publish. Its properties are those of AMQP. */
export interface OutgoingMessage {
  /** `''`, the default exchange, unless given: it routes to the queue that is named by the routing key. */
  readonly exchange?: string;
  readonly routingKey: string;
  /** Bytes, a text, or a value that is sent as JSON. Bytes must not change before the message is confirmed. */
  readonly body: Body;
  /** Names the message, also when it is sent again. The client makes one unless it is given. */
  readonly messageId?: string;
  /** `text/plain`, `application/octet-stream` or `application/json` unless given. */
  readonly contentType?: string;
  readonly contentEncoding?: string;
  readonly headers?: TableInput;
  /** Whether the message is to survive a restart of the broker. True unless given. */
  readonly persistent?: boolean;
  /** 0 to 255, for queues with `x-max-priority`. */
  readonly priority?: number;
  readonly correlationId?: string;
  readonly replyTo?: string;
  /** Milliseconds that it may wait in a queue. */
  readonly expirationMs?: number;
  /** Seconds count. */
  readonly timestamp?: Date;
  readonly type?: string;
  /** The user of the connection, or the broker refuses the message. */
  readonly userId?: string;
  readonly appId?: string;
}

/** Options of `publish`. */
export interface PublishOptions {
  /** Reject with `Returned` when no queue takes the message. */
  readonly mandatory?: boolean;
  /** Reject with `Timeout` when it is not confirmed by then. There is no limit unless given: publishing waits for the broker to be back. */
  readonly timeoutMs?: number;
  /** Stops waiting for the confirm. A message that was not sent yet is not sent any more. */
  readonly signal?: AbortSignal;
}

const PERSISTENT = 2;
const TRANSIENT = 1;

/** A message that has its id. */
export interface NamedMessage extends TransportMessage {
  readonly messageId: string;
}

/** The message as it is sent. Throws `TypeError` for a body or header that has no form. */
export function encodeMessage(message: OutgoingMessage, messageId: string, mandatory: boolean): NamedMessage {
  const { bytes, contentType } = encodeBody(message.body, message.contentType);
  const properties: BasicProperties = {
    contentType,
    deliveryMode: message.persistent === false ? TRANSIENT : PERSISTENT,
    messageId,
  };
  addOptional(properties, message);
  const { exchange = '', routingKey } = message;
  return { messageId, exchange, routingKey, mandatory, properties, body: bytes };
}

/** Only what is there: most messages have none of these. */
function addOptional(properties: BasicProperties, message: OutgoingMessage): void {
  if (message.contentEncoding !== undefined) properties.contentEncoding = message.contentEncoding;
  if (message.headers !== undefined) properties.headers = fieldTableOf(message.headers);
  if (message.priority !== undefined) properties.priority = message.priority;
  if (message.correlationId !== undefined) properties.correlationId = message.correlationId;
  if (message.replyTo !== undefined) properties.replyTo = message.replyTo;
  if (message.expirationMs !== undefined) properties.expiration = String(Math.ceil(message.expirationMs));
  if (message.timestamp !== undefined) properties.timestamp = Math.floor(message.timestamp.getTime() / 1000);
  if (message.type !== undefined) properties.type = message.type;
  if (message.userId !== undefined) properties.userId = message.userId;
  if (message.appId !== undefined) properties.appId = message.appId;
}
