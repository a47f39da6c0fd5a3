import type { FieldTable, PlainValue } from '../codec/field-table.ts';
import type { BasicProperties } from '../codec/properties.ts';

/** A message as it came from the broker. */
export interface ReceivedMessage {
  readonly exchange: string;
  readonly routingKey: string;
  readonly properties: BasicProperties;
  readonly body: Uint8Array;
}

/** A message for a consumer (basic.deliver). */
export interface Delivery extends ReceivedMessage {
  readonly consumerTag: string;
  /** Names this delivery on its channel, for ack, nack and reject. */
  readonly deliveryTag: number;
  /** True when the message was delivered before, to whichever consumer, and came back. */
  readonly redelivered: boolean;
}

/** The answer to a get (basic.get-ok). */
export interface GottenMessage extends ReceivedMessage {
  readonly deliveryTag: number;
  readonly redelivered: boolean;
  /** Ready messages that remain in the queue. */
  readonly messageCount: number;
}

/** A mandatory message that no queue received (basic.return). */
export interface ReturnedMessage extends ReceivedMessage {
  readonly replyCode: number;
  readonly replyText: string;
}

/** Arguments and headers: AMQP's own typed table, or a plain object whose values get the usual AMQP types. */
export type TableInput = FieldTable | { readonly [key: string]: PlainValue };

/** The properties of a message to publish: headers may be a plain object. */
export interface PublishProperties extends Omit<BasicProperties, 'headers'> {
  readonly headers?: TableInput | undefined;
}

/** A message to publish. */
export interface Publication {
  /** `''`, the default exchange, unless given. */
  readonly exchange?: string;
  readonly routingKey: string;
  /** A text is sent as UTF-8. */
  readonly body: Uint8Array | string;
  readonly properties?: PublishProperties;
  /** Return the message (event `return`) when no queue receives it. */
  readonly mandatory?: boolean;
  /** Stops waiting for the confirm. The message may have been published all the same. */
  readonly signal?: AbortSignal;
}

/** What came of a delivery: kept as the outcome of its message, when that is wanted (docs/outcomes.md). */
export interface DeliveryResult {
  /** A text is kept as UTF-8. */
  readonly body: Uint8Array | string;
  readonly contentType?: string;
  readonly headers?: TableInput;
}

/** Options of `ack`. */
export interface AckOptions {
  /** This delivery and all before it on the channel. */
  readonly multiple?: boolean;
  /** What came of this delivery. */
  readonly result?: DeliveryResult | Uint8Array | string;
}

/** Options of `reject`. */
export interface RejectOptions {
  /** Puts it back in its place; otherwise it is dead-lettered or dropped. True unless given, and false with an error. */
  readonly requeue?: boolean;
  /** Why it failed, for people to read: the outcome of its message. Not with `requeue`. */
  readonly error?: string;
}

/** What ack, nack and reject name: a delivery, or its delivery tag. */
export type DeliveryReference = number | { readonly deliveryTag: number };

export function deliveryTagOf(reference: DeliveryReference): number {
  return typeof reference === 'number' ? reference : reference.deliveryTag;
}
