import { type FieldTable, field } from '../codec/field-table.ts';
import { type Body, encodeBody } from './body-encoding.ts';
import { ERROR_HEADER } from './caller.ts';
import type { DeliveryChannel, OutstandingDelivery } from './delivery-channel.ts';
import { IncomingMessage } from './incoming-message.ts';
import type { OutgoingMessage, PublishOptions } from './outgoing-message.ts';
import { retryCountOf } from './retry-headers.ts';
import type { TransportContent, TransportDelivery } from './transport.ts';

/** Where a channel of Leveret takes the result of a delivery (docs/outcomes.md). */
const RESULT_ROUTING_KEY = 'leveret.result';
const TRANSIENT = 1;

/** What a delivery needs of its client. */
export interface DeliveryHost {
  /** Whether the broker keeps results: it is Leveret. */
  readonly keepsResults: boolean;
  publish(message: OutgoingMessage, options: PublishOptions): Promise<string>;
  /** Publishes a copy of a message to a queue, to be there after a delay. Resolves when it is confirmed. */
  retryLater(queue: string, content: TransportContent, options: RetryOptions): Promise<void>;
  /** A settlement came too late: the channel is gone, and the broker delivers the message again. */
  onDropped(delivery: IncomingDelivery): void;
}

/** Options of `IncomingDelivery.retry`. */
export interface RetryOptions {
  /** When it is to come again. At once unless given: then it goes back to its place in the queue. */
  readonly delayMs?: number;
  readonly signal?: AbortSignal;
}

/**
 *     open --ack, reject, retry--> settling --> settled
 *       \--its channel is gone--> lost: what settles it says false
 */
type DeliveryState = 'open' | 'settling' | 'settled' | 'lost';

/**
 * A message from a queue. It is settled once: with `ack`, `result`, `retry`, `requeue` or `deadLetter`. Each of them resolves with,
 * or returns, false when the connection that it came on is gone: then nothing was settled, and the broker delivers it again.
 * Settling it a second time throws.
 */
export class IncomingDelivery extends IncomingMessage implements OutstandingDelivery {
  /** The queue that it came from. */
  readonly queue: string;
  /** It was delivered before, to whomever, and came back. */
  readonly redelivered: boolean;
  readonly #host: DeliveryHost;
  readonly #channel: DeliveryChannel;
  readonly #content: TransportDelivery;
  readonly #deliveryTag: number;
  #state: DeliveryState = 'open';
  #lost: AbortController | undefined;

  constructor(host: DeliveryHost, channel: DeliveryChannel, queue: string, content: TransportDelivery) {
    super(content);
    this.#host = host;
    this.#channel = channel;
    this.#content = content;
    this.queue = queue;
    this.redelivered = content.redelivered;
    this.#deliveryTag = channel.add(this);
  }

  /** How often it was put off with `retry({ delayMs })` before. */
  get retryCount(): number {
    return retryCountOf(this.#content.properties.headers);
  }

  get isSettled(): boolean {
    return this.#state === 'settled' || this.#state === 'settling';
  }

  /** The connection that it came on is gone: the broker delivers it again, maybe to somebody else. */
  get isLost(): boolean {
    return this.#state === 'lost';
  }

  /** Aborts when the delivery is lost. */
  get signal(): AbortSignal {
    this.#lost ??= new AbortController();
    if (this.isLost) this.#lost.abort();
    return this.#lost.signal;
  }

  /** Done: the message is gone from its queue. */
  ack(): boolean {
    this.#begin();
    return this.#end(this.#channel.ack(this.#deliveryTag));
  }

  /** Back to its place in the queue, for whoever is next. */
  requeue(): boolean {
    this.#begin();
    return this.#end(this.#channel.reject(this.#deliveryTag, true));
  }

  /**
   * Again later. With a delay a copy with the same id is published, confirmed, and only then this delivery acknowledged; so the
   * copy goes behind what is in the queue by then. Its headers count how often (`retryCount`).
   */
  async retry(options: RetryOptions = {}): Promise<boolean> {
    const { delayMs = 0 } = options;
    if (delayMs <= 0) return this.requeue();
    this.#begin();
    if (this.isLost) return this.#end(false);
    try {
      await this.#host.retryLater(this.queue, this.#content, options);
    } catch (reason) {
      this.#reopen();
      throw reason;
    }
    return this.#end(this.#channel.ack(this.#deliveryTag));
  }

  /**
   * It cannot be handled: it goes to the dead-letter exchange of its queue, or is dropped when there is none. On Leveret the reason
   * is kept as its outcome. Whoever waits for a reply is told.
   */
  async deadLetter(reason = 'rejected by its consumer'): Promise<boolean> {
    this.#begin();
    try {
      await this.#sendReply('', new Map([[ERROR_HEADER, field.string(reason)]]));
    } catch (failure) {
      this.#reopen();
      throw failure;
    }
    if (this.#state !== 'settling') return this.#end(false);
    this.#keepResult('', [[ERROR_HEADER, field.string(reason)]]);
    return this.#end(this.#channel.reject(this.#deliveryTag, false));
  }

  /** Done, with this result: it is sent to whoever waits for a reply, and on Leveret kept as the outcome of the message. */
  async result(value: Body): Promise<boolean> {
    this.#begin();
    try {
      await this.#sendReply(value, undefined);
    } catch (failure) {
      this.#reopen();
      throw failure;
    }
    if (this.#state !== 'settling') return this.#end(false);
    this.#keepResult(value, []);
    return this.#end(this.#channel.ack(this.#deliveryTag));
  }

  /** Answers whoever waits for it, and settles nothing. Does nothing when nobody does. */
  async reply(value: Body): Promise<void> {
    await this.#sendReply(value, undefined);
  }

  onLost(): void {
    if (this.#state !== 'settled') this.#state = 'lost';
    this.#lost?.abort();
  }

  /** A lost delivery is settled as often as one likes: nothing comes of it. */
  #begin(): void {
    if (this.#state === 'lost') return;
    if (this.#state !== 'open') {
      throw new Error(
        `message '${this.messageId}' of queue '${this.queue}' is settled already: settle each delivery once`,
      );
    }
    this.#state = 'settling';
  }

  #reopen(): void {
    if (this.#state === 'settling') this.#state = 'open';
  }

  #end(isSent: boolean): boolean {
    if (isSent) this.#state = 'settled';
    else this.#host.onDropped(this);
    return isSent;
  }

  /** The reply is transient: who waits for it is gone after a restart. */
  async #sendReply(value: Body, headers: FieldTable | undefined): Promise<void> {
    const { replyTo, correlationId } = this;
    if (replyTo === undefined || this.isLost) return;
    const named = correlationId === undefined ? {} : { correlationId };
    await this.#host.publish(
      { routingKey: replyTo, body: value, persistent: false, ...named, ...(headers && { headers }) },
      {},
    );
  }

  /** On the channel of the delivery, before its settlement. */
  #keepResult(value: Body, headers: readonly (readonly [string, ReturnType<typeof field.string>])[]): void {
    if (!this.#host.keepsResults) return;
    const { bytes, contentType } = encodeBody(value, undefined);
    const table: FieldTable = new Map([['x-delivery-tag', field.long(this.#deliveryTag)], ...headers]);
    this.#channel.publish({
      exchange: '',
      routingKey: RESULT_ROUTING_KEY,
      mandatory: false,
      properties: { contentType, deliveryMode: TRANSIENT, headers: table },
      body: bytes,
    });
  }
}
