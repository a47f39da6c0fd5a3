import type { MethodArguments, MethodName } from '../codec/methods.ts';
import type { ChannelSession } from './channel-session.ts';
import { ChannelClosedError } from './client-errors.ts';
import { Refused } from './client-failures.ts';
import {
  type DirectConnection,
  type DirectConnectionOptions,
  openDirectConnection,
} from './direct-connection.ts';
import type { AcceptingBroker } from './memory-transport.ts';
import type {
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

/** A broker in this process: what `startBroker` and `startTestBroker` return, or a `Broker` of core. */
export type EmbeddedBroker =
  | { connect(options?: DirectConnectionOptions): Promise<DirectConnection> }
  | AcceptingBroker;

/** Opens a connection without a socket. */
export async function openDirectTransport(
  broker: EmbeddedBroker,
  options: DirectConnectionOptions,
  events: TransportEvents,
): Promise<Transport> {
  const connection =
    'accept' in broker ? await openDirectConnection(broker, options) : await broker.connect(options);
  return new DirectTransport(connection, events);
}

class DirectTransport implements Transport {
  readonly product = 'Leveret';
  readonly #connection: DirectConnection;

  constructor(connection: DirectConnection, events: TransportEvents) {
    this.#connection = connection;
    connection.on('blocked', (reason) => events.onBlocked(reason));
    connection.on('unblocked', () => events.onUnblocked());
    connection.on('close', (reason) => events.onClosed(reason ?? new Error('closed in this process')));
  }

  get handlerObserver(): Transport['handlerObserver'] {
    return this.#connection.handlerObserver;
  }

  async openChannel(events: TransportChannelEvents, mode: 'confirms' | 'plain'): Promise<TransportChannel> {
    const session = await this.#connection.openSession({
      onReturn: (message) => events.onReturn(message),
      onCancel: (consumerTag) => channel.onCancel(consumerTag),
      onClose: (reason) => events.onClosed(reason instanceof ChannelClosedError ? reason : undefined),
      onHandlerFailure: noted,
      onConfirm: (deliveryTag, multiple, accepted) => events.onConfirm(deliveryTag, multiple, accepted),
    });
    const channel = new DirectTransportChannel(session);
    if (mode === 'confirms')
      await session.call('confirm.select', { noWait: false }, 'confirm.select-ok', noted);
    return channel;
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  destroy(): void {
    this.#connection.destroy();
  }
}

class DirectTransportChannel implements TransportChannel {
  readonly #session: ChannelSession;
  readonly #onCancelled: Map<string, () => void> = new Map();

  constructor(session: ChannelSession) {
    this.#session = session;
  }

  onCancel(consumerTag: string): void {
    const onCancelled = this.#onCancelled.get(consumerTag);
    this.#onCancelled.delete(consumerTag);
    onCancelled?.();
  }

  ask({ method, ...fields }: TopologyRequest): Promise<TopologyReply> {
    // the methods of the union and their replies go by the same rule
    const args = { ...fields, noWait: false } as MethodArguments<typeof method>;
    const replied = this.#session.callAny<MethodName, MethodName, TopologyReply>(
      method,
      args,
      [`${method}-ok` as MethodName],
      (reply) => ({ queue: '', messageCount: 0, consumerCount: 0, ...reply }),
    );
    return refusedAs(replied);
  }

  async prefetch(count: number): Promise<void> {
    const args = { prefetchSize: 0, prefetchCount: count, global: false };
    await refusedAs(this.#session.call('basic.qos', args, 'basic.qos-ok', noted));
  }

  consume(
    request: ConsumeRequest,
    onDelivery: (delivery: TransportDelivery | undefined) => void,
  ): Promise<string> {
    const args = { ...request, consumerTag: '', noLocal: false, noWait: false };
    const consuming = this.#session.call('basic.consume', args, 'basic.consume-ok', ({ consumerTag }) => {
      this.#session.consumers.addHandler(consumerTag, onDelivery);
      this.#onCancelled.set(consumerTag, () => onDelivery(undefined));
      return consumerTag;
    });
    return refusedAs(consuming);
  }

  async cancel(consumerTag: string): Promise<void> {
    this.#onCancelled.delete(consumerTag);
    const args = { consumerTag, noWait: false };
    const cancelled = this.#session.call('basic.cancel', args, 'basic.cancel-ok', () =>
      this.#session.consumers.remove(consumerTag),
    );
    await refusedAs(cancelled);
  }

  publish({ exchange, routingKey, mandatory, properties, body }: TransportMessage): boolean {
    this.#session.sendPublish({ exchange, routingKey, mandatory, immediate: false }, properties, body);
    // what the broker does not read at the moment waits in the stream, and is bounded by what may be unconfirmed
    return true;
  }

  ack(deliveryTag: number, multiple: boolean): void {
    this.#session.send('basic.ack', { deliveryTag, multiple });
  }

  reject(deliveryTag: number, requeue: boolean): void {
    this.#session.send('basic.reject', { deliveryTag, requeue });
  }

  close(): Promise<void> {
    return this.#session.close();
  }
}

async function refusedAs<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (reason) {
    throw reason instanceof ChannelClosedError ? new Refused(reason.replyCode, reason.replyText) : reason;
  }
}

function noted(): void {}
