import type { TableInput } from './delivery.ts';

/** Options of queue.declare. */
export interface QueueDeclareOptions {
  /** The queue outlives a restart of the broker. */
  readonly durable?: boolean;
  /** The queue belongs to this connection and goes with it. */
  readonly exclusive?: boolean;
  /** The queue goes when its last consumer goes. */
  readonly autoDelete?: boolean;
  /** Only ask whether the queue exists. */
  readonly passive?: boolean;
  /** For example `{ 'x-message-ttl': 60_000 }`. */
  readonly arguments?: TableInput;
}

/** The answer to queue.declare. */
export interface DeclaredQueue {
  /** The name that the broker gave when none was asked for. */
  readonly queue: string;
  /** Ready messages: delivered ones that wait for their ack do not count. */
  readonly messageCount: number;
  readonly consumerCount: number;
}

/** Options of queue.delete. */
export interface QueueDeleteOptions {
  /** Refuse (406) when the queue has consumers. */
  readonly ifUnused?: boolean;
  /** Refuse (406) when the queue has messages. */
  readonly ifEmpty?: boolean;
}

/** Options of exchange.declare. */
export interface ExchangeDeclareOptions {
  readonly durable?: boolean;
  readonly autoDelete?: boolean;
  /** Only other exchanges may publish to it. */
  readonly internal?: boolean;
  readonly passive?: boolean;
  readonly arguments?: TableInput;
}

/** A binding of a queue or an exchange to a source exchange. */
export interface BindingOptions {
  readonly routingKey?: string;
  readonly arguments?: TableInput;
}

/** Options of basic.qos. */
export interface QosOptions {
  /** Deliveries that may wait for their ack; 0 means no limit. */
  readonly prefetchCount: number;
  /** Share the limit between all consumers of the channel; otherwise each consumer that follows has its own. */
  readonly global?: boolean;
}

/** Options of basic.consume. */
export interface ConsumeOptions {
  /** A name for the consumer; the broker makes one when none is given. */
  readonly consumerTag?: string;
  /** Messages count as acknowledged once they are sent. */
  readonly noAck?: boolean;
  /** No other consumer on this queue. */
  readonly exclusive?: boolean;
  /** For example `{ 'x-priority': 10 }`. */
  readonly arguments?: TableInput;
}

/** Options of the async iteration over a queue. */
export interface DeliveriesOptions extends Omit<ConsumeOptions, 'noAck'> {
  /** Deliveries that may wait for their ack at a time. 100 unless given. */
  readonly credit?: number;
  /** Ends the iteration; deliveries that were not iterated over go back to the queue. */
  readonly signal?: AbortSignal;
}

/** A consumer of a queue. */
export interface Consumer {
  readonly consumerTag: string;
  /** Stops the deliveries. Those that were made stay unacked until they are acknowledged or the channel is closed. */
  cancel(): Promise<void>;
}
