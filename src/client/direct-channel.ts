import { EventEmitter } from 'node:events';
import type { Method, MethodArguments, MethodName } from '../codec/methods.ts';
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
import { ChannelClosedError } from './client-errors.ts';
import { ConfirmTracker } from './confirm-tracker.ts';
import { ConsumerRegistry, type DeliveryHandler } from './consumer-registry.ts';
import { ContentAssembler, type ContentMethod, type ReceivedContent } from './content-assembler.ts';
import {
  type Delivery,
  type DeliveryReference,
  deliveryTagOf,
  type GottenMessage,
  type Publication,
  type ReturnedMessage,
} from './delivery.ts';
import { DeliveryStream } from './delivery-stream.ts';
import type { MethodOf } from './method-of.ts';
import { PendingReplies } from './pending-replies.ts';
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

type ChannelState =
  | { readonly name: 'open' }
  | { readonly name: 'closing'; readonly closed: Promise<void> }
  | { readonly name: 'closed'; readonly reason: Error };

/**
 * One AMQP channel of an in-process connection. Made by `DirectConnection.createChannel()`.
 *
 *     open --close()--> closing --channel.close-ok--> closed
 *       \--channel.close from the broker, or the end of the connection--> closed
 *
 * Every method that the broker refuses closes the channel, as AMQP has it: the promise rejects with `ChannelClosedError`,
 * which has the reply code, and so does everything that is asked for afterwards.
 *
 * @example
 * const channel = await connection.createChannel();
 * const { queue } = await channel.queueDeclare('orders', { durable: true });
 * await channel.consume(queue, (delivery) => channel.ack(delivery));
 * await channel.confirmSelect();
 * await channel.publish({ routingKey: 'orders', body: new TextEncoder().encode('one') });
 */
export class DirectChannel extends EventEmitter<DirectChannelEvents> {
  readonly number: number;
  readonly #link: ChannelLink;
  readonly #pending: PendingReplies = new PendingReplies();
  readonly #consumers: ConsumerRegistry;
  readonly #assembler: ContentAssembler;
  #state: ChannelState = { name: 'open' };
  /** Set while the channel is in confirm mode. */
  #confirms: ConfirmTracker | undefined;
  /** The prefetch count that new consumers get. */
  #prefetchCount = 0;

  private constructor(link: ChannelLink) {
    super();
    this.#link = link;
    this.#assembler = new ContentAssembler((method, content) => this.#onContent(method, content));
    this.number = link.addChannel({
      onMethod: (method) => this.#onMethod(method),
      onHeader: (bytes, start, end) => this.#assembler.header(bytes, start, end),
      onBody: (bytes, start, end) => this.#assembler.body(bytes, start, end),
      onConnectionClosed: (reason, expected) => this.#becomeClosed(reason, expected ? undefined : reason),
    });
    this.#consumers = new ConsumerRegistry(link.handlerObserver, (reason) => this.#onHandlerFailure(reason));
  }

  /** Opens a channel on a connection. Users call `DirectConnection.createChannel()`. */
  static async open(link: ChannelLink): Promise<DirectChannel> {
    const channel = new DirectChannel(link);
    await channel.#call('channel.open', {}, 'channel.open-ok', nothing);
    return channel;
  }

  /** True until the channel is closed from either side. */
  get isOpen(): boolean {
    return this.#state.name === 'open';
  }

  // Queues.

  /** queue.declare. An empty name lets the broker choose one. */
  queueDeclare(queue = '', options: QueueDeclareOptions = {}): Promise<DeclaredQueue> {
    const { passive = false, durable = false, exclusive = false, autoDelete = false } = options;
    const args = { queue, passive, durable, exclusive, autoDelete, noWait: false };
    return this.#call(
      'queue.declare',
      { ...args, arguments: fieldTableOf(options.arguments) },
      'queue.declare-ok',
      ({ queue, messageCount, consumerCount }) => ({ queue, messageCount, consumerCount }),
    );
  }

  queueBind(queue: string, exchange: string, options: BindingOptions = {}): Promise<void> {
    const binding = { routingKey: options.routingKey ?? '', arguments: fieldTableOf(options.arguments) };
    return this.#call('queue.bind', { queue, exchange, ...binding, noWait: false }, 'queue.bind-ok', nothing);
  }

  queueUnbind(queue: string, exchange: string, options: BindingOptions = {}): Promise<void> {
    const binding = { routingKey: options.routingKey ?? '', arguments: fieldTableOf(options.arguments) };
    return this.#call('queue.unbind', { queue, exchange, ...binding }, 'queue.unbind-ok', nothing);
  }

  /** Drops the ready messages. Resolves with how many there were. */
  queuePurge(queue: string): Promise<number> {
    return this.#call(
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
    return this.#call('queue.delete', args, 'queue.delete-ok', ({ messageCount }) => messageCount);
  }

  // Exchanges.

  exchangeDeclare(exchange: string, type: string, options: ExchangeDeclareOptions = {}): Promise<void> {
    const { passive = false, durable = false, autoDelete = false, internal = false } = options;
    const args = { exchange, type, passive, durable, autoDelete, internal, noWait: false };
    return this.#call(
      'exchange.declare',
      { ...args, arguments: fieldTableOf(options.arguments) },
      'exchange.declare-ok',
      nothing,
    );
  }

  exchangeDelete(exchange: string, options: { readonly ifUnused?: boolean } = {}): Promise<void> {
    const args = { exchange, ifUnused: options.ifUnused ?? false, noWait: false };
    return this.#call('exchange.delete', args, 'exchange.delete-ok', nothing);
  }

  /** Binds `destination`, an exchange, to `source`. */
  exchangeBind(destination: string, source: string, options: BindingOptions = {}): Promise<void> {
    const binding = { routingKey: options.routingKey ?? '', arguments: fieldTableOf(options.arguments) };
    const args = { destination, source, ...binding, noWait: false };
    return this.#call('exchange.bind', args, 'exchange.bind-ok', nothing);
  }

  exchangeUnbind(destination: string, source: string, options: BindingOptions = {}): Promise<void> {
    const binding = { routingKey: options.routingKey ?? '', arguments: fieldTableOf(options.arguments) };
    const args = { destination, source, ...binding, noWait: false };
    return this.#call('exchange.unbind', args, 'exchange.unbind-ok', nothing);
  }

  // Messages.

  /**
   * Publishes a message. In confirm mode it resolves when the broker confirmed the message and rejects with
   * `PublishRefusedError` when it refused it. Otherwise it resolves at once, or, while the broker does not read because
   * it is short of memory, when it has taken the message: awaiting it is what slows a publisher down.
   */
  async publish(publication: Publication): Promise<void> {
    this.#assertOpen();
    const { signal, exchange = '', routingKey, mandatory = false, body } = publication;
    signal?.throwIfAborted();
    const properties = basicPropertiesOf(publication.properties);
    const args = { exchange, routingKey, mandatory, immediate: false };
    const taken = new Promise<void>((resolve) => {
      this.#link.sendPublish(this.number, args, properties, body, resolve);
    });
    await unlessAborted(this.#confirms?.expectNext() ?? taken, signal);
  }

  /** One ready message, or undefined when the queue has none. */
  get(queue: string, options: { readonly noAck?: boolean } = {}): Promise<GottenMessage | undefined> {
    const args = { queue, noAck: options.noAck ?? false };
    return this.#callAny('basic.get', args, ['basic.get-ok', 'basic.get-empty'], (reply, content) =>
      reply.name === 'basic.get-ok' && content !== undefined ? gottenMessage(reply, content) : undefined,
    );
  }

  /**
   * Calls `handler` for each message of the queue, in order, without waiting for what it returns: `qos` says how many may be
   * under way. A handler that fails makes the event `error`; its message stays unacked.
   */
  consume(queue: string, handler: DeliveryHandler, options: ConsumeOptions = {}): Promise<Consumer> {
    return this.#consume(queue, options, (consumerTag) => this.#consumers.addHandler(consumerTag, handler));
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
  async deliveries(queue: string, options: DeliveriesOptions = {}): Promise<DeliveryStream> {
    const { credit = DEFAULT_CREDIT, signal, ...consumeOptions } = options;
    signal?.throwIfAborted();
    let consumer: Consumer | undefined;
    const stream = new DeliveryStream({
      cancel: async () => consumer?.cancel(),
      giveBack: (unseen) => this.#giveBack(unseen),
    });
    const prefetchCount = this.#prefetchCount;
    const limited = this.qos({ prefetchCount: credit });
    const consuming = this.#consume(queue, consumeOptions, (tag) => this.#consumers.addStream(tag, stream));
    const restored = this.qos({ prefetchCount });
    [consumer] = await Promise.all([consuming, limited, restored]);
    signal?.addEventListener('abort', () => void stream.return(), { once: true });
    return stream;
  }

  /** `multiple`: this delivery and all before it on the channel. */
  ack(delivery: DeliveryReference, options: { readonly multiple?: boolean } = {}): void {
    const args = { deliveryTag: deliveryTagOf(delivery), multiple: options.multiple ?? false };
    this.#send('basic.ack', args);
  }

  /** Refuses a delivery. `requeue` (true unless given) puts it back in its place; otherwise it is dead-lettered or dropped. */
  nack(
    delivery: DeliveryReference,
    options: { readonly multiple?: boolean; readonly requeue?: boolean } = {},
  ): void {
    const { multiple = false, requeue = true } = options;
    this.#send('basic.nack', { deliveryTag: deliveryTagOf(delivery), multiple, requeue });
  }

  /** Refuses one delivery, with the same `requeue` as `nack`. */
  reject(delivery: DeliveryReference, options: { readonly requeue?: boolean } = {}): void {
    this.#send('basic.reject', { deliveryTag: deliveryTagOf(delivery), requeue: options.requeue ?? true });
  }

  qos(options: QosOptions): Promise<void> {
    const { prefetchCount, global = false } = options;
    if (!global) {
      this.#prefetchCount = prefetchCount;
    }
    return this.#call('basic.qos', { prefetchSize: 0, prefetchCount, global }, 'basic.qos-ok', nothing);
  }

  /** Puts every unacked delivery of this channel back into its queue. */
  recover(): Promise<void> {
    return this.#call('basic.recover', { requeue: true }, 'basic.recover-ok', nothing);
  }

  // Modes.

  /** From now on `publish` waits for the broker's confirm. */
  confirmSelect(): Promise<void> {
    const selected = this.#call('confirm.select', { noWait: false }, 'confirm.select-ok', nothing);
    this.#confirms ??= new ConfirmTracker();
    return selected;
  }

  txSelect(): Promise<void> {
    return this.#call('tx.select', {}, 'tx.select-ok', nothing);
  }

  txCommit(): Promise<void> {
    return this.#call('tx.commit', {}, 'tx.commit-ok', nothing);
  }

  txRollback(): Promise<void> {
    return this.#call('tx.rollback', {}, 'tx.rollback-ok', nothing);
  }

  /** Closes the channel. Its unacked deliveries go back to their queues. Closing twice is no error. */
  close(): Promise<void> {
    switch (this.#state.name) {
      case 'closed':
        return Promise.resolve();
      case 'closing':
        return this.#state.closed;
      case 'open':
        return this.#becomeClosing();
    }
  }

  #onMethod(method: Method): void {
    switch (method.name) {
      case 'basic.deliver':
      case 'basic.return':
      case 'basic.get-ok':
        this.#assembler.begin(method);
        break;
      case 'basic.ack':
        this.#confirms?.ack(method.deliveryTag, method.multiple);
        break;
      case 'basic.nack':
        this.#confirms?.nack(method.deliveryTag, method.multiple);
        break;
      case 'basic.cancel':
        this.#onBasicCancel(method.consumerTag);
        break;
      case 'channel.flow':
        this.#link.sendMethod(this.number, 'channel.flow-ok', { active: method.active });
        break;
      case 'channel.close':
        this.#onChannelClose(method);
        break;
      default:
        this.#pending.answer(method);
        break;
    }
  }

  #onContent(method: ContentMethod, content: ReceivedContent): void {
    switch (method.name) {
      case 'basic.deliver':
        this.#consumers.deliver(delivery(method, content));
        break;
      case 'basic.get-ok':
        this.#pending.answer(method, content);
        break;
      case 'basic.return':
        this.emit('return', returnedMessage(method, content));
    }
  }

  #onBasicCancel(consumerTag: string): void {
    this.#consumers.remove(consumerTag);
    this.emit('cancel', consumerTag);
  }

  #onChannelClose(method: MethodOf<'channel.close'>): void {
    this.#link.sendMethod(this.number, 'channel.close-ok', {});
    if (this.#state.name === 'closing') {
      // both sides closed at once: the number stays in use until the broker's close-ok is here
      return;
    }
    const reason = new ChannelClosedError(method.replyCode, method.replyText);
    this.#link.releaseChannel(this.number);
    this.#becomeClosed(reason, reason);
  }

  #onHandlerFailure(reason: unknown): void {
    if (this.listenerCount('error') > 0) {
      this.emit('error', reason);
      return;
    }
    queueMicrotask(() => {
      throw reason;
    });
  }

  #becomeClosing(): Promise<void> {
    const args = { replyCode: 200, replyText: 'closed by the client', classId: 0, methodId: 0 };
    this.#consumers.removeAll();
    const answered = this.#call('channel.close', args, 'channel.close-ok', () => {
      this.#link.releaseChannel(this.number);
      this.#becomeClosed(new ChannelClosedError(200, 'closed by the client'), undefined);
    });
    // a connection that ends first has closed the channel as well
    const closed = answered.then(nothing, nothing);
    this.#state = { name: 'closing', closed };
    return closed;
  }

  #becomeClosed(reason: Error, unexpected: Error | undefined): void {
    if (this.#state.name === 'closed') {
      return;
    }
    this.#state = { name: 'closed', reason };
    this.#pending.failAll(reason);
    this.#confirms?.failAll(reason);
    this.#consumers.failAll(reason);
    this.emit('close', unexpected);
  }

  #assertOpen(): void {
    if (this.#state.name === 'closed') {
      throw this.#state.reason;
    }
    if (this.#state.name === 'closing') {
      throw new ChannelClosedError(200, 'closed by the client');
    }
  }

  #send<N extends MethodName>(name: N, args: MethodArguments<N>): void {
    this.#assertOpen();
    this.#link.sendMethod(this.number, name, args);
  }

  #call<N extends MethodName, R extends MethodName, T>(
    name: N,
    args: MethodArguments<N>,
    replyName: R,
    take: (reply: MethodOf<R>) => T,
  ): Promise<T> {
    return this.#callAny(name, args, [replyName], take);
  }

  async #callAny<N extends MethodName, R extends MethodName, T>(
    name: N,
    args: MethodArguments<N>,
    replyNames: readonly R[],
    take: (reply: MethodOf<R>, content: ReceivedContent | undefined) => T,
  ): Promise<T> {
    this.#assertOpen();
    // replies come in a later microtask: what is expected can be noted after the request, which throws when it is not valid
    this.#link.sendMethod(this.number, name, args);
    return this.#pending.expect(replyNames, take);
  }

  #consume(
    queue: string,
    options: ConsumeOptions,
    register: (consumerTag: string) => void,
  ): Promise<Consumer> {
    const { consumerTag = '', noAck = false, exclusive = false } = options;
    const args = { queue, consumerTag, noLocal: false, noAck, exclusive, noWait: false };
    return this.#call(
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
    if (!this.isOpen || !this.#consumers.has(consumerTag)) {
      return;
    }
    const args = { consumerTag, noWait: false };
    const cancelled = this.#call('basic.cancel', args, 'basic.cancel-ok', () =>
      this.#consumers.remove(consumerTag),
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

function delivery(method: MethodOf<'basic.deliver'>, content: ReceivedContent): Delivery {
  const { consumerTag, deliveryTag, redelivered, exchange, routingKey } = method;
  return { consumerTag, deliveryTag, redelivered, exchange, routingKey, ...content };
}

function gottenMessage(method: MethodOf<'basic.get-ok'>, content: ReceivedContent): GottenMessage {
  const { deliveryTag, redelivered, exchange, routingKey, messageCount } = method;
  return { deliveryTag, redelivered, exchange, routingKey, messageCount, ...content };
}

function returnedMessage(method: MethodOf<'basic.return'>, content: ReceivedContent): ReturnedMessage {
  const { replyCode, replyText, exchange, routingKey } = method;
  return { replyCode, replyText, exchange, routingKey, ...content };
}
