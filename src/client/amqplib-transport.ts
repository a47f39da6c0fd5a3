import type { Duplex } from 'node:stream';
import type { Channel, ChannelModel, ConfirmChannel, Message, Options, ServerProperties } from 'amqplib';
import type { FieldTable } from '../codec/field-table.ts';
import type { BasicProperties } from '../codec/properties.ts';
import { amqplibTable, bufferOf, fieldTableOfAmqplib } from './amqplib-tables.ts';
import { Refused } from './client-failures.ts';
import { gatherWrites } from './gathered-writes.ts';
import type {
  ChannelFailure,
  ConsumeRequest,
  TopologyReply,
  TopologyRequest,
  Transport,
  TransportChannel,
  TransportChannelEvents,
  TransportDelivery,
  TransportEvents,
  TransportMessage,
} from './transport.ts';

export interface AmqplibOptions {
  /** `amqp://user:password@host:port/vhost`, or `amqps:`. */
  readonly url: string;
  readonly connectionName: string | undefined;
  /** For `amqps:`: certificates and the like, as `tls.connect` takes them. */
  readonly tls: object | undefined;
  /** Gives up opening the connection. */
  readonly signal: AbortSignal;
}

/** What a connection that is closed has to be over within, before it is cut. */
const CLOSE_MS = 5_000;

/** Opens a connection over a socket. amqplib is loaded here, and only here. */
export async function openAmqplibTransport(
  options: AmqplibOptions,
  events: TransportEvents,
): Promise<Transport> {
  const { url, connectionName, tls, signal } = options;
  signal.throwIfAborted();
  const { connect } = await import('amqplib');
  // the socket listens to a signal of its own: that of the attempt is no longer asked once the connection is open
  const cut = new AbortController();
  const abort = (): void => cut.abort(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  const named = connectionName === undefined ? {} : { connection_name: connectionName };
  // without noDelay the second of two small writes waits up to 40 ms for the other end: an answer behind an acknowledgement
  const socketOptions = { ...tls, noDelay: true, keepAlive: true, signal: cut.signal };
  try {
    const model = await connect(url, {
      ...socketOptions,
      clientProperties: { product: 'Leveret client', ...named },
    });
    return new AmqplibTransport(model, events, () => cut.abort());
  } catch (reason) {
    throw signal.aborted ? signal.reason : reason;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

class AmqplibTransport implements Transport {
  readonly product: string;
  readonly handlerObserver: undefined;
  readonly #model: ChannelModel;
  readonly #cut: () => void;
  readonly #closed: Promise<void>;
  #isClosed = false;

  constructor(model: ChannelModel, events: TransportEvents, cut: () => void) {
    this.#model = model;
    this.#cut = cut;
    gatherWrites(streamOf(model));
    this.product = productOf(model.connection.serverProperties);
    let failure: Error | undefined;
    // "close" follows, or came before
    model.on('error', (reason: Error) => {
      failure ??= reason;
    });
    model.on('blocked', (reason) => events.onBlocked(reason));
    model.on('unblocked', () => events.onUnblocked());
    this.#closed = new Promise((resolve) => {
      model.on('close', (reason?: Error) => {
        this.#isClosed = true;
        resolve();
        // amqplib leaves a socket whose other end is silent to the system, which waits for many minutes
        setTimeout(cut, CLOSE_MS).unref();
        events.onClosed(reason ?? failure ?? new Error('closed by this client'));
      });
    });
  }

  async openChannel(events: TransportChannelEvents, mode: 'confirms' | 'plain'): Promise<TransportChannel> {
    const channel =
      mode === 'confirms' ? await this.#model.createConfirmChannel() : await this.#model.createChannel();
    return new AmqplibChannel(channel, events);
  }

  /** A socket whose other end is silent would be waited for until the heartbeat fails. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    const timer = setTimeout(this.#cut, CLOSE_MS);
    // amqplib does not settle this promise when the socket ends first
    this.#model.close().catch(noted);
    await this.#closed;
    clearTimeout(timer);
  }

  destroy(): void {
    this.#cut();
  }
}

/** The socket, which amqplib's types do not name. */
function streamOf({ connection }: ChannelModel): Duplex {
  return (connection as unknown as { readonly stream: Duplex }).stream;
}

/** Leveret gives itself out for RabbitMQ, because some clients ask for that, and names itself in another property. */
function productOf({ product, platform }: ServerProperties): string {
  return platform.startsWith('Leveret') ? 'Leveret' : product;
}

class AmqplibChannel implements TransportChannel {
  readonly #channel: Channel | ConfirmChannel;
  readonly #closed: Promise<void>;
  #isClosed = false;
  #failure: ChannelFailure | undefined;

  constructor(channel: Channel | ConfirmChannel, events: TransportChannelEvents) {
    this.#channel = channel;
    channel.on('ack', ({ deliveryTag, multiple }) => events.onConfirm(deliveryTag, multiple, true));
    channel.on('nack', ({ deliveryTag, multiple }) => events.onConfirm(deliveryTag, multiple, false));
    channel.on('return', (message) => events.onReturn({ ...deliveryOf(message), ...returnOf(message) }));
    channel.on('drain', () => events.onDrain());
    channel.on('error', (reason) => {
      this.#failure = refusedOf(reason) ?? { replyCode: 541, replyText: reason.message };
    });
    this.#closed = new Promise((resolve) => {
      channel.on('close', () => {
        this.#isClosed = true;
        resolve();
        events.onClosed(this.#failure);
      });
    });
  }

  async ask(request: TopologyRequest): Promise<TopologyReply> {
    return { queue: '', messageCount: 0, consumerCount: 0, ...(await refusedAs(this.#ask(request))) };
  }

  async prefetch(count: number): Promise<void> {
    await refusedAs(this.#channel.prefetch(count));
  }

  async consume(
    request: ConsumeRequest,
    onDelivery: (delivery: TransportDelivery | undefined) => void,
  ): Promise<string> {
    const { queue, noAck, exclusive } = request;
    const options = { noAck, exclusive, arguments: amqplibTable(request.arguments) };
    const consuming = this.#channel.consume(
      queue,
      (message) => onDelivery(message === null ? undefined : deliveryOf(message)),
      options,
    );
    return (await refusedAs(consuming)).consumerTag;
  }

  async cancel(consumerTag: string): Promise<void> {
    await refusedAs(this.#channel.cancel(consumerTag));
  }

  publish({ exchange, routingKey, mandatory, properties, body }: TransportMessage): boolean {
    const options = publishOptions(properties, mandatory);
    // what a connection that ends does not take any more counts as sent: it is taken back when its end is told
    return whileOpen(() => this.#channel.publish(exchange, routingKey, bufferOf(body), options), false);
  }

  ack(deliveryTag: number, multiple: boolean): void {
    whileOpen(() => this.#channel.ack(referenceTo(deliveryTag), multiple), undefined);
  }

  reject(deliveryTag: number, requeue: boolean): void {
    whileOpen(() => this.#channel.reject(referenceTo(deliveryTag), requeue), undefined);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#channel.close().catch(noted);
    await this.#closed;
  }

  #ask(request: TopologyRequest): Promise<object> {
    const channel = this.#channel;
    switch (request.method) {
      case 'exchange.declare':
        return request.passive
          ? channel.checkExchange(request.exchange)
          : channel.assertExchange(request.exchange, request.type, declareOptions(request));
      case 'exchange.delete':
        return channel.deleteExchange(request.exchange, { ifUnused: request.ifUnused });
      case 'exchange.bind':
        return channel.bindExchange(request.destination, request.source, ...bindingOf(request));
      case 'exchange.unbind':
        return channel.unbindExchange(request.destination, request.source, ...bindingOf(request));
      case 'queue.declare':
        return request.passive
          ? channel.checkQueue(request.queue)
          : channel.assertQueue(request.queue, declareOptions(request));
      case 'queue.delete':
        return channel.deleteQueue(request.queue, { ifUnused: request.ifUnused, ifEmpty: request.ifEmpty });
      case 'queue.bind':
        return channel.bindQueue(request.queue, request.exchange, ...bindingOf(request));
      case 'queue.unbind':
        return channel.unbindQueue(request.queue, request.exchange, ...bindingOf(request));
      case 'queue.purge':
        return channel.purgeQueue(request.queue);
    }
  }
}

function declareOptions<T extends { readonly arguments: FieldTable }>(
  request: T,
): Omit<T, 'arguments'> & { readonly arguments: object } {
  return { ...request, arguments: amqplibTable(request.arguments) };
}

function bindingOf(request: {
  readonly routingKey: string;
  readonly arguments: FieldTable;
}): [string, object] {
  return [request.routingKey, amqplibTable(request.arguments)];
}

/**
 * Runs per message. Each object has the same properties in the same order: amqplib asks for all of them, and finds those of a
 * copied object, whose shape differs from message to message, at a quarter of the rate.
 */
function publishOptions(properties: BasicProperties, mandatory: boolean): Options.Publish {
  const { headers } = properties;
  const options = {
    mandatory,
    deliveryMode: properties.deliveryMode,
    expiration: properties.expiration,
    contentType: properties.contentType,
    contentEncoding: properties.contentEncoding,
    headers: headers === undefined ? undefined : amqplibTable(headers),
    priority: properties.priority,
    correlationId: properties.correlationId,
    replyTo: properties.replyTo,
    messageId: properties.messageId,
    timestamp: properties.timestamp,
    type: properties.type,
    userId: properties.userId,
    appId: properties.appId,
  };
  // amqplib takes undefined for what is absent, which its types do not say
  return options as Options.Publish;
}

/**
 * amqplib ends a connection in which it finds a mistake with a goodbye of its own. Until that is answered, and only then told, it
 * throws for whatever is to be sent.
 */
function whileOpen<T>(send: () => T, otherwise: T): T {
  try {
    return send();
  } catch (reason) {
    if (reason instanceof Error && reason.name === 'IllegalOperationError') return otherwise;
    throw reason;
  }
}

/** amqplib settles a message by its tag alone. */
function referenceTo(deliveryTag: number): Message {
  return { fields: { deliveryTag } } as Message;
}

/** Runs per message. The objects of amqplib were made for this delivery, and are taken over. */
function deliveryOf({ fields, properties, content }: Message): TransportDelivery {
  return {
    deliveryTag: fields.deliveryTag,
    redelivered: fields.redelivered,
    exchange: fields.exchange,
    routingKey: fields.routingKey,
    properties: withFieldTable(properties),
    body: content,
  };
}

function withFieldTable(properties: Message['properties']): BasicProperties {
  const taken: BasicProperties = properties as object;
  taken.headers = fieldTableOfAmqplib(properties.headers);
  return taken;
}

/** A return has other fields than amqplib's types say. */
function returnOf(message: Message): ChannelFailure {
  const { replyCode, replyText } = message.fields as unknown as ChannelFailure;
  return { replyCode, replyText };
}

async function refusedAs<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (reason) {
    const refused = refusedOf(reason);
    throw refused === undefined ? reason : new Refused(refused.replyCode, refused.replyText);
  }
}

/** amqplib puts the broker's words between its own: `Operation failed: QueueDeclare; 404 (NOT-FOUND) with message "..."`. */
function refusedOf(reason: unknown): ChannelFailure | undefined {
  if (!(reason instanceof Error) || !('code' in reason) || typeof reason.code !== 'number') return undefined;
  const quoted = /with message "(.*)"$/s.exec(reason.message)?.[1];
  return { replyCode: reason.code, replyText: quoted ?? reason.message };
}

function noted(): void {}
