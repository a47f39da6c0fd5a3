import { EventEmitter } from 'node:events';
import type { BackoffOptions } from './backoff.ts';
import { boundedWait, onceImpatient, type Patience } from './bounded-wait.ts';
import { callListener } from './call-listener.ts';
import { Caller, type CallOptions } from './caller.ts';
import { BatchFailed, Closed, Refused } from './client-failures.ts';
import type { ClientOptions } from './client-options.ts';
import { ConnectionKeeper } from './connection-keeper.ts';
import { expiringDelayRoute, leveretDelayRoute } from './delay-route.ts';
import type { ConsumeHandler } from './handler-runner.ts';
import type { IncomingDelivery, RetryOptions } from './incoming-delivery.ts';
import type { IncomingMessage } from './incoming-message.ts';
import { MessageIds } from './message-ids.ts';
import { type BrokerAddress, openTransport } from './open-transport.ts';
import {
  encodeMessage,
  type NamedMessage,
  type OutgoingMessage,
  type PublishOptions,
} from './outgoing-message.ts';
import { PendingPublish, Publisher } from './publisher.ts';
import {
  type ConsumeOptions,
  type Consumer,
  type ConsumerHost,
  type Deliveries,
  type HandlerOptions,
  QueueConsumer,
} from './queue-consumer.ts';
import { retryProperties } from './retry-headers.ts';
import { ReturnedMessage } from './returned-message.ts';
import { Tasks } from './tasks.ts';
import {
  type DeclaredQueue,
  type DeclaredTopology,
  nameOfQueue,
  Topology,
  type TopologyDeclaration,
  type TopologyDeletion,
} from './topology.ts';
import type {
  Transport,
  TransportChannel,
  TransportChannelEvents,
  TransportContent,
  TransportReturn,
} from './transport.ts';
import { unlessAborted } from './unless-aborted.ts';

const DEFAULT_CALL_TIMEOUT_MS = 30_000;
const DEFAULT_CONNECT_TIMEOUT_MS = 10_000;
const DEFAULT_UNCONFIRMED_MAX = 2_000;

/** The product that keeps results and delays messages without more ado. */
const LEVERET = 'Leveret';

export interface ClientEvents {
  /** A connection is there; what was declared is declared again. With the name of the broker. */
  connected: [product: string];
  /** The connection was lost. */
  disconnected: [reason: Error];
  /** It will be tried again after the delay. */
  reconnecting: [attempt: ReconnectAttempt];
  /** After a reconnect: consumers consume again, and what was not confirmed is sent again. */
  restored: [];
  /** The broker is short of memory or disk and takes no messages; with its reason. */
  blocked: [reason: string];
  unblocked: [];
  /** A mandatory message came back. */
  returned: [message: ReturnedMessage];
  /** A handler failed; what comes of the delivery is said by `onFailure`. */
  handlerFailed: [reason: unknown, delivery: IncomingDelivery];
  /** A settlement came too late: its connection was gone. The broker delivers the message again. */
  settlementDropped: [delivery: IncomingDelivery];
  /** A consumer ended without being asked to: its queue is gone. */
  consumerEnded: [queue: string, reason: Error];
  /** With the reason when it was not asked to close: it gave up connecting. */
  closed: [reason: Error | undefined];
}

export interface ReconnectAttempt {
  /** Counts from 1 after each lost connection. */
  readonly attempt: number;
  readonly delayMs: number;
  /** Why the connection was lost, or the attempt before failed. */
  readonly reason: Error;
}

/**
 * A client of an AMQP broker, over the network or in this process, that goes on when the connection is lost. Made by `connect`.
 *
 * @example
 * const client = await connect('amqp://guest:guest@localhost');
 * await client.declare({ queues: [{ queue: 'orders' }] });
 * await client.consume('orders', async (delivery) => console.log(delivery.json()));
 * await client.publish({ routingKey: 'orders', body: { id: 1 } });
 * await client.drain();
 * await client.close();
 */
export class Client extends EventEmitter<ClientEvents> implements AsyncDisposable {
  readonly #keeper: ConnectionKeeper;
  readonly #topology: Topology = new Topology();
  readonly #ids: MessageIds = new MessageIds();
  readonly #publisher: Publisher;
  readonly #caller: Caller;
  readonly #consumers: Set<QueueConsumer> = new Set();
  readonly #consumerHost: ConsumerHost;
  /** What asks for something on the channel for topology, one after the other: an error would close it for all. */
  readonly #asks: Tasks = new Tasks();
  #askChannel: TransportChannel | undefined;
  #askTransport: Transport | undefined;
  #product = '';
  #connectionCount = 0;
  #isDraining = false;
  #hasWarned = false;
  #closed: Promise<void> | undefined;

  private constructor(address: BrokerAddress | (() => BrokerAddress), options: ClientOptions) {
    super();
    const { reconnect = {}, unconfirmedMax = DEFAULT_UNCONFIRMED_MAX } = options;
    this.#keeper = new ConnectionKeeper(
      {
        backoff: reconnect,
        attemptsMax: reconnect.attemptsMax ?? Number.POSITIVE_INFINITY,
        connectTimeoutMs: options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS,
        random: Math.random,
        open: (events, signal) => openTransport(address, options, events, signal),
        restore: (transport) => this.#restoreTopology(transport),
      },
      {
        onConnected: (transport) => this.#onConnected(transport),
        onDisconnected: (reason) => this.#onDisconnected(reason),
        onReconnecting: (attempt, delayMs, reason) =>
          this.#tell('reconnecting', { attempt, delayMs, reason }),
        onBlocked: (reason) => this.#tell('blocked', reason),
        onUnblocked: () => this.#tell('unblocked'),
        onGaveUp: (reason) => void this.#close(reason),
      },
    );
    const onReturn = (message: TransportReturn): void => {
      this.#tell('returned', new ReturnedMessage(message));
    };
    this.#publisher = new Publisher({ unconfirmedMax, onReturn });
    this.#caller = new Caller(onReturn);
    this.#consumerHost = this.#makeConsumerHost(reconnect);
  }

  /** Users call `connect`. */
  static async open(address: BrokerAddress | (() => BrokerAddress), options: ClientOptions): Promise<Client> {
    const client = new Client(address, options);
    try {
      await client.#keeper.start(options.waitMs ?? 0, options.signal);
    } catch (reason) {
      await client.#keeper.close(new Closed('it could not connect', reason));
      throw reason;
    }
    return client;
  }

  /** False between the loss of a connection and the next one, and once the client is closed. */
  get isConnected(): boolean {
    return this.#keeper.transport !== undefined;
  }

  /** As the broker calls itself: `Leveret`, `RabbitMQ`. */
  get product(): string {
    return this.#product;
  }

  // Messages.

  /**
   * Publishes a message, and resolves with its id once the broker has confirmed it: it is durable then, when it is persistent and
   * in a durable queue. Many at a time share the way; they arrive in the order of the calls. While there is no connection it
   * waits for the next one.
   *
   * Rejects with `Returned` (mandatory, and no queue took it), `Rejected` (a queue is full), `Refused` (no such exchange, or not
   * allowed), `Timeout`, `Closed`, `TypeError` (the body has no form), or the reason of the signal.
   */
  publish(message: OutgoingMessage, options: PublishOptions = {}): Promise<string> {
    return new Promise((resolve, reject) => {
      const named = this.#named(message, options);
      this.#publishBounded(named, options, (failure) => {
        if (failure === undefined) resolve(named.messageId);
        else reject(failure);
      });
    });
  }

  /**
   * Publishes messages, and resolves with their ids once all of them are confirmed. Rejects with `BatchFailed`, which says
   * which ones failed and why, when each of them is confirmed or has failed. One promise costs less than one for each.
   */
  publishBatch(messages: readonly OutgoingMessage[], options: PublishOptions = {}): Promise<string[]> {
    return new Promise((resolve, reject) => {
      const named = messages.map((message) => this.#named(message, options));
      const failures = new Map<number, Error>();
      let leftCount = named.length;
      const finish = (): void => {
        ended();
        if (failures.size === 0) resolve(named.map(({ messageId }) => messageId));
        else reject(new BatchFailed(failures, named.length));
      };
      const pending = named.map(
        (message, index) =>
          new PendingPublish(message, (failure) => {
            if (failure !== undefined) failures.set(index, failure);
            leftCount -= 1;
            if (leftCount === 0) finish();
          }),
      );
      const ended = onceImpatient(
        options,
        () => `some of ${named.length} messages were not confirmed`,
        (reason) => {
          for (const each of pending) this.#publisher.abandon(each, reason);
        },
      );
      for (const each of pending) this.#publisher.publish(each);
      if (named.length === 0) finish();
    });
  }

  /**
   * Publishes a request, and resolves with its answer: what the `consume` handler of another client returned, or what
   * any AMQP client sent to `reply-to` with the correlation id. A request that was not answered when the connection is lost is
   * sent again, under the same id.
   *
   * Rejects with `Timeout`, `CallFailed` (its handler dead-lettered it), `Returned` (there is no such queue), or as `publish` does.
   */
  async call(message: OutgoingMessage, options: CallOptions = {}): Promise<IncomingMessage> {
    this.#assertOpen();
    const messageId = message.messageId ?? this.#ids.next();
    return this.#caller.call(message, messageId, { timeoutMs: DEFAULT_CALL_TIMEOUT_MS, ...options });
  }

  /**
   * Consumes a queue: with a handler, or as an async iteration. A delivery is acknowledged when its handler has returned; what
   * the handler returns, unless undefined, is its result. In an iteration each delivery is settled by the program.
   *
   * It goes on after a reconnect, and ends when the queue is deleted. Rejects with `Refused` when there is no such queue (404), it
   * is in exclusive use (403, 405), or the user may not read it (403).
   *
   * @example
   * await client.consume('orders', (delivery) => store(delivery.json()), { concurrency: 10 });
   *
   * for await (const delivery of await client.consume('orders')) {
   *   delivery.ack();
   * }
   */
  consume(
    queue: string | DeclaredQueue,
    handler: ConsumeHandler,
    options?: HandlerOptions,
  ): Promise<Consumer>;
  consume(queue: string | DeclaredQueue, options?: ConsumeOptions): Promise<Deliveries>;
  async consume(
    queue: string | DeclaredQueue,
    handler: ConsumeHandler | ConsumeOptions = {},
    options: HandlerOptions = {},
  ): Promise<Consumer | Deliveries> {
    this.#assertOpen();
    if (this.#isDraining) throw new Closed('drain() was called');
    const held = this.#topology.queueOf(queue);
    if (typeof handler === 'function') {
      const consumer = QueueConsumer.withHandler(this.#consumerHost, held, handler, options);
      await this.#start(consumer, options.signal);
      return consumer;
    }
    const { consumer, stream } = QueueConsumer.withStream(this.#consumerHost, held, handler);
    await this.#start(consumer, handler.signal);
    return stream;
  }

  // Exchanges, queues, bindings.

  /**
   * Makes sure that exchanges, queues and bindings exist, in this order, and declares them again after each reconnect. What exists
   * with the same arguments is left alone.
   *
   * Rejects with `TopologyMismatch`, which says which argument differs, and with `Refused`. What comes before the error is declared.
   *
   * @example
   * const { queues } = await client.declare({
   *   exchanges: [{ exchange: 'events', type: 'topic' }],
   *   queues: [{ queue: 'orders', arguments: { 'x-max-length': 100_000 } }],
   *   bindings: [{ queue: 'orders', exchange: 'events', routingKey: 'order.*' }],
   * });
   */
  declare(
    declaration: TopologyDeclaration,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<DeclaredTopology> {
    return this.#ask((channel) => this.#topology.declare(channel, declaration), options.signal);
  }

  /** Deletes bindings, queues and exchanges, in this order, and does not declare them again. What does not exist is no error. */
  delete(deletion: TopologyDeletion, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    return this.#ask((channel) => this.#topology.delete(channel, deletion), options.signal);
  }

  /** How many ready messages and consumers a queue has; undefined when there is no such queue. */
  inspect(
    queue: string | DeclaredQueue,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<QueueCounts | undefined> {
    return this.#ask((channel) => countsOf(channel, nameOfQueue(queue)), options.signal);
  }

  /** Drops the ready messages of a queue. Resolves with how many there were. */
  purge(queue: string | DeclaredQueue, options: { readonly signal?: AbortSignal } = {}): Promise<number> {
    const request = { method: 'queue.purge', queue: nameOfQueue(queue) } as const;
    return this.#ask(async (channel) => (await channel.ask(request)).messageCount, options.signal);
  }

  // The end.

  /**
   * Stops consuming, gives back what no handler has begun, and resolves when the handlers that run have finished and everything
   * that was published is confirmed. Publishing goes on to work, for the handlers; consuming does not.
   */
  async drain(options: Patience = {}): Promise<void> {
    this.#isDraining = true;
    const drained = async (): Promise<void> => {
      await Promise.all([...this.#consumers].map((consumer) => consumer.cancel()));
      await Promise.all([this.#publisher.idle(), this.#caller.idle()]);
    };
    await boundedWait(drained(), options, () => 'the client was not drained');
  }

  /**
   * Closes the connection, for good. What was not confirmed rejects with `Closed`; deliveries that are not settled go back to
   * their queues. `drain` first to leave nothing behind. Closing twice is no error.
   */
  close(): Promise<void> {
    return this.#close(undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #close(reason: Error | undefined): Promise<void> {
    this.#closed ??= this.#finish(reason);
    return this.#closed;
  }

  async #finish(reason: Error | undefined): Promise<void> {
    const closed = reason instanceof Closed ? reason : new Closed();
    for (const consumer of this.#consumers) consumer.abandon();
    this.#publisher.failAll(closed);
    this.#caller.failAll(closed);
    await this.#keeper.close(closed);
    for (const consumer of this.#consumers) consumer.detach();
    this.#consumers.clear();
    this.#tell('closed', reason);
  }

  #assertOpen(): void {
    if (this.#closed !== undefined) throw new Closed();
  }

  #named(message: OutgoingMessage, { mandatory = false, signal }: PublishOptions): NamedMessage {
    this.#assertOpen();
    signal?.throwIfAborted();
    return encodeMessage(message, message.messageId ?? this.#ids.next(), mandatory);
  }

  async #start(consumer: QueueConsumer, signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.#onConnection(signal, (transport) => consumer.attach(transport));
      signal?.throwIfAborted();
    } catch (reason) {
      void consumer.cancel();
      throw reason;
    }
    this.#consumers.add(consumer);
  }

  /** Asks on the channel for topology. */
  #ask<T>(task: (channel: TransportChannel) => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    return this.#onConnection(signal, (transport) =>
      this.#asks.run(async () => task(await this.#openAskChannel(transport))),
    );
  }

  /** Does something on the connection; once more when that is lost meanwhile. */
  async #onConnection<T>(
    signal: AbortSignal | undefined,
    task: (transport: Transport) => Promise<T>,
  ): Promise<T> {
    for (;;) {
      const transport = await this.#keeper.whenConnected({ signal }, () => 'there was no connection');
      try {
        return await unlessAborted(task(transport), signal);
      } catch (reason) {
        if (signal?.aborted || this.#keeper.transport === transport) throw reason;
      }
    }
  }

  async #openAskChannel(transport: Transport): Promise<TransportChannel> {
    if (this.#askChannel !== undefined && this.#askTransport === transport) return this.#askChannel;
    const channel: TransportChannel = await transport.openChannel(
      { ...NO_EVENTS, onClosed: () => this.#forgetAskChannel(transport) },
      'plain',
    );
    this.#askTransport = transport;
    this.#askChannel = channel;
    return channel;
  }

  #forgetAskChannel(transport: Transport): void {
    if (this.#askTransport === transport) this.#askChannel = undefined;
  }

  async #restoreTopology(transport: Transport): Promise<void> {
    if (this.#topology.isEmpty) return;
    const channel = await transport.openChannel(NO_EVENTS, 'plain');
    await this.#topology.restore(channel);
    await channel.close();
  }

  #onConnected(transport: Transport): void {
    this.#connectionCount += 1;
    this.#product = transport.product;
    this.#tell('connected', transport.product);
    const resumed = [...this.#consumers].map((consumer) => consumer.resume(transport));
    const attached = [this.#publisher.attach(transport), this.#caller.attach(transport)];
    if (this.#connectionCount > 1) void this.#tellRestored(transport, [...resumed, ...attached]);
  }

  /** None of these promises rejects. */
  async #tellRestored(transport: Transport, under: readonly Promise<void>[]): Promise<void> {
    await Promise.all(under);
    if (this.#keeper.transport === transport) this.#tell('restored');
  }

  #onDisconnected(reason: Error): void {
    this.#publisher.detach();
    this.#caller.detach();
    for (const consumer of this.#consumers) consumer.detach();
    this.#tell('disconnected', reason);
  }

  async #retryLater(queue: string, content: TransportContent, options: RetryOptions): Promise<void> {
    const { delayMs = 0, signal } = options;
    const delayRoute = this.#product === LEVERET ? leveretDelayRoute : expiringDelayRoute;
    const route = await this.#ask((channel) => delayRoute(channel, queue, delayMs), signal);
    const { headers, expiration, ...properties } = retryProperties(content);
    for (const [name, value] of route.headers) headers.set(name, value);
    const messageId = properties.messageId ?? this.#ids.next();
    // an expiration would end the delay in a queue of expiring messages, and is gone when they leave it
    const kept = this.#product === LEVERET && expiration !== undefined ? { expiration } : {};
    await this.#publishNamed(
      {
        messageId,
        exchange: route.exchange,
        routingKey: route.routingKey,
        mandatory: false,
        properties: { ...properties, ...kept, messageId, headers },
        body: content.body,
      },
      signal,
    );
  }

  #publishNamed(message: NamedMessage, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#assertOpen();
      signal?.throwIfAborted();
      this.#publishBounded(message, { signal }, (failure) => {
        if (failure === undefined) resolve();
        else reject(failure);
      });
    });
  }

  /** Runs per message: only one that is to be given up at some time needs more than its pending publish. */
  #publishBounded(
    message: NamedMessage,
    patience: Patience,
    settle: (failure: Error | undefined) => void,
  ): void {
    if (patience.signal === undefined && patience.timeoutMs === undefined) {
      this.#publisher.publish(new PendingPublish(message, settle));
      return;
    }
    const pending = new PendingPublish(message, (failure) => {
      ended();
      settle(failure);
    });
    const ended = onceImpatient(
      patience,
      () => `message '${message.messageId}' was not confirmed`,
      (reason) => this.#publisher.abandon(pending, reason),
    );
    this.#publisher.publish(pending);
  }

  #makeConsumerHost(backoff: BackoffOptions): ConsumerHost {
    const product = (): string => this.#product;
    return {
      backoff,
      get keepsResults() {
        return product() === LEVERET;
      },
      random: Math.random,
      publish: (message, options) => this.publish(message, options),
      retryLater: (queue, content, options) => this.#retryLater(queue, content, options),
      onDropped: (delivery) => this.#tell('settlementDropped', delivery),
      onHandlerFailed: (reason, delivery) => this.#onHandlerFailed(reason, delivery),
      onConsumerEnded: ({ queue }, reason) => this.#tell('consumerEnded', queue, reason),
      onConsumerGone: (consumer) => this.#consumers.delete(consumer),
    };
  }

  /** A program that does not listen is told once by the process. */
  #onHandlerFailed(reason: unknown, delivery: IncomingDelivery): void {
    if (!this.#tell('handlerFailed', reason, delivery) && !this.#hasWarned) {
      this.#hasWarned = true;
      process.emitWarning(
        `a handler of queue '${delivery.queue}' failed: ${String(reason)}; listen to the event handlerFailed of the client to see all`,
      );
    }
  }

  /** False when nobody listens. What a listener throws is uncaught. */
  #tell<N extends keyof ClientEvents>(name: N, ...values: ClientEvents[N]): boolean {
    // the emitter's type does not see that a name and its values belong together
    callListener(() => (this as EventEmitter).emit(name, ...values));
    return this.listenerCount(name) > 0;
  }
}

export interface QueueCounts {
  /** Ready messages: delivered ones that wait for their ack do not count. */
  readonly messageCount: number;
  readonly consumerCount: number;
}

/** A queue that is not there is no error of the one who asks. */
async function countsOf(channel: TransportChannel, queue: string): Promise<QueueCounts | undefined> {
  const flags = { passive: true, durable: false, exclusive: false, autoDelete: false };
  try {
    const reply = await channel.ask({ method: 'queue.declare', queue, ...flags, arguments: new Map() });
    return { messageCount: reply.messageCount, consumerCount: reply.consumerCount };
  } catch (reason) {
    if (reason instanceof Refused && reason.replyCode === 404) return undefined;
    throw reason;
  }
}

const NO_EVENTS: TransportChannelEvents = {
  onConfirm: nothing,
  onReturn: nothing,
  onDrain: nothing,
  onClosed: nothing,
};

function nothing(): void {}

/**
 * Opens a client of a broker: over the network for a URL (`amqp://user:password@host:5672/vhost`, or `amqps:`), without a socket for
 * a broker in this process. A function is asked for the address before each attempt.
 *
 * Rejects with the reason of the last attempt: `Refused` when the broker said no (403 for a wrong password, 530 for a vhost
 * that the user may not enter).
 *
 * @example
 * const client = await connect('amqp://guest:guest@localhost', { connectionName: 'orders' });
 *
 * @example A broker in this process
 * const broker = await startBroker({ amqpPort: false });
 * const client = await connect(broker);
 */
export function connect(
  address: BrokerAddress | (() => BrokerAddress),
  options: ClientOptions = {},
): Promise<Client> {
  return Client.open(address, options);
}
