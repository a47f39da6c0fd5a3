/**
 * What the client asks of whatever carries it to a broker: amqplib over a socket, or the direct connection inside the process.
 * One transport is one AMQP connection; when that ends, the client opens another one.
 */
import type { FieldTable } from '../codec/field-table.ts';
import type { MethodArguments } from '../codec/methods.ts';
import type { BasicProperties } from '../codec/properties.ts';
import type { HandlerObserver } from './consumer-registry.ts';

export interface Transport {
  /** As the broker calls itself: `Leveret`, `RabbitMQ`. */
  readonly product: string;
  /** Told of handlers that are under way; a test broker waits for them. */
  readonly handlerObserver: HandlerObserver | undefined;
  openChannel(events: TransportChannelEvents, mode: 'confirms' | 'plain'): Promise<TransportChannel>;
  /** Says goodbye to the broker, and resolves when that has answered or the connection is gone. */
  close(): Promise<void>;
  /** Cuts the connection. */
  destroy(): void;
}

/** What the client hears of a connection. */
export interface TransportEvents {
  /** Once, however it came, behind the `onClosed` of all channels. */
  onClosed(reason: Error): void;
  onBlocked(reason: string): void;
  onUnblocked(): void;
}

export interface TransportChannel {
  /** Throws or rejects with `Refused`; the channel is closed then. */
  ask(request: TopologyRequest): Promise<TopologyReply>;
  prefetch(count: number): Promise<void>;
  /** Resolves with the consumer tag. `onDelivery` is called with undefined when the broker cancels the consumer. */
  consume(
    request: ConsumeRequest,
    onDelivery: (delivery: TransportDelivery | undefined) => void,
  ): Promise<string>;
  cancel(consumerTag: string): Promise<void>;
  /** False: the channel is congested, and nothing more is to be published before `onDrain`. Throws for what has no form on the wire. */
  publish(message: TransportMessage): boolean;
  ack(deliveryTag: number, multiple: boolean): void;
  reject(deliveryTag: number, requeue: boolean): void;
  close(): Promise<void>;
}

/** What the client hears of a channel. */
export interface TransportChannelEvents {
  /** `accepted`: basic.ack, otherwise basic.nack. */
  onConfirm(deliveryTag: number, multiple: boolean, accepted: boolean): void;
  onReturn(message: TransportReturn): void;
  onDrain(): void;
  /** `failure` when the broker closed the channel; undefined when this side did, or the connection is gone. */
  onClosed(failure: ChannelFailure | undefined): void;
}

/** Why a broker closed a channel. */
export interface ChannelFailure {
  readonly replyCode: number;
  readonly replyText: string;
}

export interface TransportMessage {
  readonly exchange: string;
  readonly routingKey: string;
  readonly mandatory: boolean;
  readonly properties: BasicProperties;
  readonly body: Uint8Array;
}

/** A message as it came. */
export interface TransportContent {
  readonly exchange: string;
  readonly routingKey: string;
  readonly properties: BasicProperties;
  readonly body: Uint8Array;
}

export interface TransportDelivery extends TransportContent {
  readonly deliveryTag: number;
  readonly redelivered: boolean;
}

export interface TransportReturn extends TransportContent {
  readonly replyCode: number;
  readonly replyText: string;
}

export interface ConsumeRequest {
  readonly queue: string;
  readonly noAck: boolean;
  readonly exclusive: boolean;
  readonly arguments: FieldTable;
}

type TopologyMethod =
  | 'exchange.declare'
  | 'exchange.delete'
  | 'exchange.bind'
  | 'exchange.unbind'
  | 'queue.declare'
  | 'queue.delete'
  | 'queue.bind'
  | 'queue.unbind'
  | 'queue.purge';

/** A method of AMQP that changes or looks at exchanges and queues, with its arguments. */
export type TopologyRequest = {
  [N in TopologyMethod]: { readonly method: N } & Omit<MethodArguments<N>, 'noWait'>;
}[TopologyMethod];

/** What is not in the answer of the method is empty or 0. */
export interface TopologyReply {
  readonly queue: string;
  readonly messageCount: number;
  readonly consumerCount: number;
}
