import { EventEmitter } from 'node:events';
import { type FieldTable, field } from '../codec/field-table.ts';
import { RESULT_ROUTING_KEY } from '../core/channel/held-results.ts';
import { callListener, throwUncaught } from './call-listener.ts';
import type { ChannelLink } from './channel-link.ts';
import type {
  BindingOptions,
  ConsumeOptions,
  Consumer,
  DeclaredQueue,
  DeliveriesOptions,
  ExchangeDeclareOptions,
  QosOptions,
  QueueDeclareOptions,
  QueueDeleteOptions,
} from './channel-options.ts';
import { ChannelSession } from './channel-session.ts';
import type { DeliveryHandler } from './consumer-registry.ts';
import type { ReceivedContent } from './content-assembler.ts';
import {
  type AckOptions,
  type Delivery,
  type DeliveryReference,
  type DeliveryResult,
  deliveryTagOf,
  type GottenMessage,
  type Publication,
  type RejectOptions,
  type ReturnedMessage,
} from './delivery.ts';
import { DeliveryStream } from './delivery-stream.ts';
import { messageBody } from './message-body.ts';
import type { MethodOf } from './method-of.ts';
import { basicPropertiesOf, fieldTableOf } from './table-input.ts';
import { unlessAborted } from './unless-aborted.ts';

/** Deliveries of an async iteration that may wait for their ack, unless the caller says otherwise. */
const DEFAULT_CREDIT = 100;

interface DirectChannelEvents {
  /** A mandatory message that no queue received. */
  return: [message: ReturnedMessage];
  /** The broker cancelled a consumer: its queue was deleted. */
  cancel: [consumerTag: string];
  /** The channel is closed; with the error when the broker closed it. */
  close: [reason: Error | undefined];
  /** A consumer's handler failed. Without a listener the error is thrown as an uncaught exception. */
  error: [reason: unknown];
}

/**
 * One AMQP channel of an in-process connection. Made by `DirectConnection.createChannel()`.
 *
 * Every method that the broker refuses closes the channel, as AMQP has it: the promise rejects with `ChannelClosedError`,
 * which has the reply code, and so does everything that is asked for afterwards.
 *
 * @example
 * const channel = await connection.createChannel();
 * const { queue } = await channel.queueDeclare('orders', { durable: true });
 * await channel.consume(queue, (delivery) => channel.ack(delivery));
 * await channel.confirmSelect();
 * await channel.publish({ routingKey: 'orders', body: 'one' });
 */
export class DirectChannel extends EventEmitter<DirectChannelEvents> {
  readonly #session: ChannelSession;
  /** The prefetch count that new consumers get. */
  #prefetchCount = 0;
  /** The prefetch count that all consumers share. */
  #sharedPrefetchCount = 0;

  private constructor(link: ChannelLink) {
    super();
    this.#session = new ChannelSession(link, {
      onReturn: (message) => callListener(() => this.emit('return', message)),
      onCancel: (consumerTag) => callListener(() => this.emit('cancel', consumerTag)),
      onClose: (reason) => callListener(() => this.emit('close', reason)),
      onHandlerFailure: (reason) => this.#onHandlerFailure(reason),
    });
  }

  /** Opens a channel on a connection. Users call `DirectConnection.createChannel()`. */
  static async open(link: ChannelLink): Promise<DirectChannel> {
    const channel = new DirectChannel(link);
    await channel.#session.call('channel.open', {}, 'channel.open-ok', nothing);
    return channel;
  }

  /** The channel's number on its connection. */
  get number(): number {
    return this.#session.number;
  }

  /** True until the channel is closed from either side. */
  get isOpen(): boolean {
    return this.#session.isOpen;
  }

  // Queues.

  /** queue.declare. An empty name lets the broker choose one. */
  queueDeclare(queue = '', options: QueueDeclareOptions = {}): Promise<DeclaredQueue> {
    const { passive = false, durable = false, exclusive = false, autoDelete = false } = options;
    const args = { queue, passive, durable, exclusive, autoDelete, noWait: false };
    return this.#session.call(
      'queue.declare',
      { ...args, arguments: fieldTableOf(options.arguments) },
      'queue.declare-ok',
      ({ queue, messageCount, consumerCount }) => ({ queue, messageCount, consumerCount }),
    );
  }

  queueBind(queue: string, exchange: string, options: BindingOptions = {}): Promise<void> {
    return this.#session.call(
      'queue.bind',
      { queue, exchange, ...binding(options), noWait: false },
      'queue.bind-ok',
      nothing,
    );
  }

  queueUnbind(queue: string, exchange: string, options: BindingOptions = {}): Promise<void> {
    return this.#session.call(
      'queue.unbind',
      { queue, exchange, ...binding(options) },
      'queue.unbind-ok',
      nothing,
    );
  }

  /** Drops the ready messages. Resolves with how many there were. */
  queuePurge(queue: string): Promise<number> {
    return this.#session.call(
      'queue.purge',
      { queue, noWait: false },
      'queue.purge-ok',
      ({ messageCount }) => messageCount,
    );
  }

  /** Resolves with the number of messages that went with the queue. */
  queueDelete(queue: string, options: QueueDeleteOptions = {}): Promise<number> {
    const { ifUnused = false, ifEmpty = false } = options;
    const args = { queue, ifUnused, ifEmpty, noWait: false };
    return this.#session.call('queue.delete', args, 'queue.delete-ok', ({ messageCount }) => messageCount);
  }

  // Exchanges.

  exchangeDeclare(exchange: string, type: string, options: ExchangeDeclareOptions = {}): Promise<void> {
    const { passive = false, durable = false, autoDelete = false, internal = false } = options;
    const args = { exchange, type, passive, durable, autoDelete, internal, noWait: false };
    return this.#session.call(
      'exchange.declare',
      { ...args, arguments: fieldTableOf(options.arguments) },
      'exchange.declare-ok',
      nothing,
    );
  }

  exchangeDelete(exchange: string, options: { readonly ifUnused?: boolean } = {}): Promise<void> {
    const args = { exchange, ifUnused: options.ifUnused ?? false, noWait: false };
    return this.#session.call('exchange.delete', args, 'exchange.delete-ok', nothing);
  }

  /** Binds `destination`, an exchange, to `source`. */
  exchangeBind(destination: string, source: string, options: BindingOptions = {}): Promise<void> {
    const args = { destination, source, ...binding(options), noWait: false };
    return this.#session.call('exchange.bind', args, 'exchange.bind-ok', nothing);
  }

  exchangeUnbind(destination: string, source: string, options: BindingOptions = {}): Promise<void> {
    const args = { destination, source, ...binding(options), noWait: false };
    return this.#session.call('exchange.unbind', args, 'exchange.unbind-ok', nothing);
  }

  // Messages.

  /**
   * Publishes a message. In confirm mode it resolves when the broker confirmed the message and rejects with
   * `PublishRefusedError` when it refused it. Otherwise it resolves at once, or, while the broker does not read because
   * it is short of memory, when it has taken the message: awaiting it is what slows a publisher down. Rejects with
   * `TypeError` for a body that is neither bytes nor text.
   */
  async publish(publication: Publication): Promise<void> {
    const { signal, exchange = '', routingKey, mandatory = false } = publication;
    signal?.throwIfAborted();
    const body = messageBody(publication.body);
    const args = { exchange, routingKey, mandatory, immediate: false };
    await unlessAborted(this.#session.publish(args, basicPropertiesOf(publication.properties), body), signal);
  }

  /** One ready message, or undefined when the queue has none. */
  get(queue: string, options: { readonly noAck?: boolean } = {}): Promise<GottenMessage | undefined> {
    const args = { queue, noAck: options.noAck ?? false };
    return this.#session.callAny('basic.get', args, ['basic.get-ok', 'basic.get-empty'], (reply, content) =>
      reply.name === 'basic.get-ok' && content !== undefined ? gottenMessage(reply, content) : undefined,
    );
  }

  /**
   * Calls `handler` for each message of the queue, in order, without waiting for what it returns: `qos` says how many may be
   * under way. A handler that fails makes the event `error`; its message stays unacked.
   */
  consume(queue: string, handler: DeliveryHandler, options: ConsumeOptions = {}): Promise<Consumer> {
    return this.#consume(queue, options, (consumerTag) =>
      this.#session.consumers.addHandler(consumerTag, handler),
    );
  }

  /**
   * The messages of the queue as an async iteration, at most `credit` of them unacked at a time. Leaving the loop cancels the
   * consumer and returns what it did not see to the queue.
   *
   * @example
   * for await (const delivery of await channel.deliveries('orders', { credit: 10 })) {
   *   channel.ack(delivery);
   * }
   */
  async deliveries(queue: string, options: DeliveriesOptions = {}): Promise<DeliveryStream<Delivery>> {
    const { credit = DEFAULT_CREDIT, signal, ...consumeOptions } = options;
    signal?.throwIfAborted();
    let consumer: Consumer | undefined;
    const stream = new DeliveryStream<Delivery>({
      cancel: async () => consumer?.cancel(),
      giveBack: (unseen) => this.#giveBack(unseen),
      finished: () => signal?.removeEventListener('abort', abort),
    });
    const abort = (): void => void stream.return();
    consumer = await this.#withPrefetch(credit, () =>
      this.#consume(queue, consumeOptions, (tag) => this.#session.consumers.addStream(tag, stream)),
    );
    if (signal?.aborted) {
      await stream.return();
      throw signal.reason;
    }
    signal?.addEventListener('abort', abort, { once: true });
    return stream;
  }

  /**
   * Settles a delivery. `multiple`: this one and all before it on the channel. `result`: what came of it, kept with the
   * settlement. Throws `TypeError` for a result that is neither bytes nor text.
   */
  ack(delivery: DeliveryReference, options: AckOptions = {}): void {
    const { multiple = false, result } = options;
    if (result !== undefined) this.#giveResult(deliveryTagOf(delivery), result, undefined);
    const args = { deliveryTag: deliveryTagOf(delivery), multiple };
    this.#session.send('basic.ack', args);
  }

  /** Refuses a delivery. `requeue` (true unless given) puts it back in its place; otherwise it is dead-lettered or dropped. */
  nack(
    delivery: DeliveryReference,
    options: { readonly multiple?: boolean; readonly requeue?: boolean } = {},
  ): void {
    const { multiple = false, requeue = true } = options;
    this.#session.send('basic.nack', { deliveryTag: deliveryTagOf(delivery), multiple, requeue });
  }

  /** Refuses one delivery, with the same `requeue` as `nack`, or with an `error`: then it is not requeued. */
  reject(delivery: DeliveryReference, options: RejectOptions = {}): void {
    const { error, requeue = error === undefined } = options;
    const deliveryTag = deliveryTagOf(delivery);
    if (error !== undefined) {
      if (requeue)
        throw new TypeError('a delivery that is requeued has no error yet: leave one of the two out');
      this.#giveResult(deliveryTag, '', error);
    }
    this.#session.send('basic.reject', { deliveryTag, requeue });
  }

  qos(options: QosOptions): Promise<void> {
    const { prefetchCount, global = false } = options;
    this.#prefetchCount = global ? this.#prefetchCount : prefetchCount;
    // as in RabbitMQ, a limit for each consumer lifts the one that all share
    this.#sharedPrefetchCount = global ? prefetchCount : 0;
    return this.#session.call(
      'basic.qos',
      { prefetchSize: 0, prefetchCount, global },
      'basic.qos-ok',
      nothing,
    );
  }

  /** Puts every unacked delivery of this channel back into its queue. */
  recover(): Promise<void> {
    return this.#session.call('basic.recover', { requeue: true }, 'basic.recover-ok', nothing);
  }

  // Modes.

  /** From now on `publish` waits for the broker's confirm. */
  confirmSelect(): Promise<void> {
    return this.#session.confirmSelect();
  }

  txSelect(): Promise<void> {
    return this.#session.call('tx.select', {}, 'tx.select-ok', nothing);
  }

  txCommit(): Promise<void> {
    return this.#session.call('tx.commit', {}, 'tx.commit-ok', nothing);
  }

  txRollback(): Promise<void> {
    return this.#session.call('tx.rollback', {}, 'tx.rollback-ok', nothing);
  }

  /** Closes the channel. Its unacked deliveries go back to their queues. Closing twice is no error. */
  close(): Promise<void> {
    return this.#session.close();
  }

  /** What the broker has against it closes the channel, as with an ack. */
  #giveResult(
    deliveryTag: number,
    result: DeliveryResult | Uint8Array | string,
    error: string | undefined,
  ): void {
    const { body, contentType, headers } =
      typeof result === 'string' || result instanceof Uint8Array
        ? { body: result }
        : (result as DeliveryResult);
    const given = new Map(fieldTableOf(headers)).set('x-delivery-tag', field.long(deliveryTag));
    if (error !== undefined) given.set('x-error', field.string(error));
    const args = { exchange: '', routingKey: RESULT_ROUTING_KEY, mandatory: false, immediate: false };
    const published = this.#session.publish(args, { contentType, headers: given }, messageBody(body));
    published.catch(() => {});
  }

  #onHandlerFailure(reason: unknown): void {
    if (this.listenerCount('error') > 0) {
      callListener(() => this.emit('error', reason));
    } else {
      throwUncaught(reason);
    }
  }

  /** Asks for something with another prefetch count, and puts back the limits of the channel. The broker sees all of it at once. */
  async #withPrefetch<T>(prefetchCount: number, ask: () => Promise<T>): Promise<T> {
    const before = this.#prefetchCount;
    const sharedBefore = this.#sharedPrefetchCount;
    const limited = this.qos({ prefetchCount });
    const asking = ask();
    const restored = [limited, this.qos({ prefetchCount: before })];
    if (sharedBefore !== 0) {
      restored.push(this.qos({ prefetchCount: sharedBefore, global: true }));
    }
    const [asked] = await Promise.all([asking, ...restored]);
    return asked;
  }

  #consume(
    queue: string,
    options: ConsumeOptions,
    register: (consumerTag: string) => void,
  ): Promise<Consumer> {
    const { consumerTag = '', noAck = false, exclusive = false } = options;
    const args = { queue, consumerTag, noLocal: false, noAck, exclusive, noWait: false };
    return this.#session.call(
      'basic.consume',
      { ...args, arguments: fieldTableOf(options.arguments) },
      'basic.consume-ok',
      (reply) => {
        register(reply.consumerTag);
        return { consumerTag: reply.consumerTag, cancel: () => this.#cancel(reply.consumerTag) };
      },
    );
  }

  async #cancel(consumerTag: string): Promise<void> {
    if (!this.isOpen || !this.#session.consumers.has(consumerTag)) {
      return;
    }
    const args = { consumerTag, noWait: false };
    const cancelled = this.#session.call('basic.cancel', args, 'basic.cancel-ok', () =>
      this.#session.consumers.remove(consumerTag),
    );
    await cancelled.catch((reason: unknown) => {
      // a channel that closes meanwhile takes its consumers with it, which is what was asked for
      if (this.isOpen) {
        throw reason;
      }
    });
  }

  #giveBack(unseen: readonly Delivery[]): void {
    for (const delivery of unseen) {
      if (this.isOpen) {
        this.nack(delivery);
      }
    }
  }
}

function nothing(): void {}

function binding(options: BindingOptions): { routingKey: string; arguments: FieldTable } {
  return { routingKey: options.routingKey ?? '', arguments: fieldTableOf(options.arguments) };
}

function gottenMessage(method: MethodOf<'basic.get-ok'>, content: ReceivedContent): GottenMessage {
  const { deliveryTag, redelivered, exchange, routingKey, messageCount } = method;
  return { deliveryTag, redelivered, exchange, routingKey, messageCount, ...content };
}
