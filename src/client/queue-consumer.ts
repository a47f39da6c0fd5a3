import { type BackoffOptions, backoffMs } from './backoff.ts';
import { Closed, Refused } from './client-failures.ts';
import type { HandlerObserver } from './consumer-registry.ts';
import type { TableInput } from './delivery.ts';
import { DeliveryChannel } from './delivery-channel.ts';
import { DeliveryStream } from './delivery-stream.ts';
import { type ConsumeHandler, HandlerRunner } from './handler-runner.ts';
import { type DeliveryHost, IncomingDelivery } from './incoming-delivery.ts';
import { fieldTableOf } from './table-input.ts';
import { type DeclaredQueue, nameOfQueue } from './topology.ts';
import type { ChannelFailure, Transport, TransportChannel, TransportDelivery } from './transport.ts';

/** What is to come of a delivery whose handler failed: back into the queue, or to the dead-letter exchange, or what a function does. */
export type FailurePolicy =
  | 'requeue'
  | 'dead-letter'
  | ((reason: unknown, delivery: IncomingDelivery) => unknown);

/** Options of `consume`. */
export interface ConsumeOptions {
  /** Deliveries that may be unacked at a time. 100 unless given, or twice the concurrency when that is more. */
  readonly prefetch?: number;
  /** Other consumers of the queue are refused. */
  readonly exclusive?: boolean;
  /** For example `{ 'x-priority': 10 }`. */
  readonly arguments?: TableInput;
  /**
   * For a queue with `x-single-active-consumer`, whose next consumer begins where this one ended. It ends by closing its channel,
   * once handlers that run have finished: the broker puts back what was not begun (of an iteration: what is not settled) and turns
   * to the next consumer in one step. Otherwise what was not begun is given back at once, and the next consumer may be past it.
   */
  readonly keepOrder?: boolean;
  /** Stops consuming. Handlers that run are let finish. */
  readonly signal?: AbortSignal;
}

/** Options of `consume` with a handler. */
export interface HandlerOptions extends ConsumeOptions {
  /** Handlers that run at the same time. 1 unless given: one after the other, in order. */
  readonly concurrency?: number;
  /** What is to come of a delivery whose handler failed. `requeue` unless given. */
  readonly onFailure?: FailurePolicy;
}

/** A consumer with a handler. */
export interface Consumer {
  /** The name of its queue. */
  readonly queue: string;
  /** Stops consuming, and resolves when handlers that run have finished and their deliveries are settled. */
  cancel(): Promise<void>;
}

/** Deliveries as an async iteration. Leaving its loop, or calling `return`, stops consuming. */
export interface Deliveries extends AsyncIterableIterator<IncomingDelivery, undefined> {
  return(): Promise<IteratorResult<IncomingDelivery, undefined>>;
}

/** What a consumer needs of its client. */
export interface ConsumerHost extends DeliveryHost {
  readonly backoff: BackoffOptions;
  random(): number;
  onHandlerFailed(reason: unknown, delivery: IncomingDelivery): void;
  /** It ended without being asked to: its queue was deleted, or cannot be consumed any more. */
  onConsumerEnded(consumer: QueueConsumer, reason: Error): void;
  /** It ended, however. */
  onConsumerGone(consumer: QueueConsumer): void;
}

/** Takes deliveries: a handler, or an iteration. */
interface DeliverySink {
  push(delivery: IncomingDelivery): void;
  /** Removes what nobody has seen. */
  takeUnseen(): readonly IncomingDelivery[];
  /** Resolves when what was seen is done with. */
  idle(): Promise<void>;
  /** Nothing follows; with a reason when that was not asked for. */
  end(reason: Error | undefined): void;
}

const DEFAULT_PREFETCH = 100;

/**
 * A consumer that goes on over reconnects, on a channel of its own on each connection.
 *
 *     idle --attach()--> consuming --connection or channel lost--> idle (attached again, or after a pause)
 *       any --cancel(), or its queue is deleted--> ended
 */
export class QueueConsumer implements Consumer {
  readonly #host: ConsumerHost;
  readonly #queue: string | DeclaredQueue;
  readonly #options: ConsumeOptions;
  readonly #prefetch: number;
  readonly #sink: DeliverySink;
  #transport: Transport | undefined;
  #deliveries: DeliveryChannel | undefined;
  #channel: TransportChannel | undefined;
  #consumerTag: string | undefined;
  #failedAttempts = 0;
  #pause: NodeJS.Timeout | undefined;
  #ended: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;

  private constructor(
    host: ConsumerHost,
    queue: string | DeclaredQueue,
    options: HandlerOptions,
    makeSink: (consumer: QueueConsumer) => DeliverySink,
  ) {
    this.#host = host;
    this.#queue = queue;
    this.#options = options;
    this.#prefetch = prefetchOf(options);
    this.#sink = makeSink(this);
    options.signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  static withHandler(
    host: ConsumerHost,
    queue: string | DeclaredQueue,
    handler: ConsumeHandler,
    options: HandlerOptions,
  ): QueueConsumer {
    return new QueueConsumer(host, queue, options, (consumer) => consumer.#handlerSink(handler, options));
  }

  /** The stream cancels the consumer when the iteration is left. */
  static withStream(
    host: ConsumerHost,
    queue: string | DeclaredQueue,
    options: ConsumeOptions,
  ): { readonly consumer: QueueConsumer; readonly stream: Deliveries } {
    let stream: DeliveryStream<IncomingDelivery> | undefined;
    const consumer = new QueueConsumer(host, queue, options, (made) => {
      stream = new DeliveryStream<IncomingDelivery>({
        cancel: () => made.#leave(),
        giveBack: giveBack,
        finished: () => {},
      });
      return streamSink(stream, options, () => made.#deliveries);
    });
    return { consumer, stream: stream as unknown as Deliveries };
  }

  get queue(): string {
    return nameOfQueue(this.#queue);
  }

  /** A connection is there. Rejects when the queue cannot be consumed on it. */
  async attach(transport: Transport): Promise<void> {
    if (this.#ended !== undefined) return;
    this.#transport = transport;
    let consumed: DeliveryChannel | undefined;
    const channel = await transport.openChannel(
      {
        onConfirm: nothing,
        onReturn: nothing,
        onDrain: nothing,
        onClosed: (failure) => consumed !== undefined && this.#onClosed(consumed, failure),
      },
      'plain',
    );
    consumed = new DeliveryChannel(channel);
    this.#deliveries = consumed;
    this.#channel = channel;
    await channel.prefetch(this.#prefetch);
    this.#consumerTag = await channel.consume(this.#request(), (content) =>
      this.#onDelivery(consumed as DeliveryChannel, content),
    );
    this.#failedAttempts = 0;
    // a cancel that came meanwhile found nothing to cancel
    if (this.#ended !== undefined) await (this.#keepsOrder ? this.#leaveChannel() : this.#stop());
  }

  /** The connection is gone, and with it everything that is outstanding. */
  detach(): void {
    this.#transport = undefined;
    clearTimeout(this.#pause);
    this.#lose();
  }

  /** Goes on after a reconnect. What is in the way may pass, as an exclusive consumer that the broker believes to be alive. */
  async resume(transport: Transport): Promise<void> {
    try {
      await this.attach(transport);
    } catch (reason) {
      if (this.#transport === transport) this.#onAttachFailed(transport, reason as Error);
    }
  }

  cancel(): Promise<void> {
    this.#ended ??= this.#finish(undefined);
    return this.#ended;
  }

  /** The client closes: acknowledgements that wait are sent, and nothing follows. */
  abandon(): void {
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    clearTimeout(this.#pause);
    // the goodbye goes behind the acknowledgements, and nothing goes behind the goodbye
    this.#deliveries?.leave();
    if (this.#ended !== undefined) return;
    this.#ended = Promise.resolve();
    this.#sink.takeUnseen();
    this.#sink.end(undefined);
  }

  get #keepsOrder(): boolean {
    return this.#options.keepOrder === true;
  }

  #request(): Parameters<TransportChannel['consume']>[0] {
    const { exclusive = false } = this.#options;
    return { queue: this.queue, noAck: false, exclusive, arguments: fieldTableOf(this.#options.arguments) };
  }

  #onDelivery(deliveries: DeliveryChannel, content: TransportDelivery | undefined): void {
    if (content === undefined) {
      this.#consumerTag = undefined;
      this.#endBecause(
        new Error(`the broker cancelled the consumer of queue '${this.queue}': the queue is gone`),
      );
      return;
    }
    const delivery = new IncomingDelivery(this.#host, deliveries, this.queue, content);
    // it was on its way when the consumer ended
    if (this.#ended === undefined) this.#sink.push(delivery);
    else if (!this.#keepsOrder) delivery.requeue();
  }

  /** Without a failure the connection is gone as well, or this side closed the channel. */
  #onClosed(deliveries: DeliveryChannel, failure: ChannelFailure | undefined): void {
    const transport = this.#transport;
    const wasConsuming = this.#deliveries === deliveries && this.#consumerTag !== undefined;
    deliveries.lose();
    if (!wasConsuming || failure === undefined || transport === undefined) return;
    this.#lose();
    this.#onAttachFailed(
      transport,
      new Refused(failure.replyCode, failure.replyText, `consumer of '${this.queue}'`),
    );
  }

  /** What nobody has seen is lost, too. */
  #lose(): void {
    this.#deliveries?.lose();
    this.#sink.takeUnseen();
    this.#deliveries = undefined;
    this.#channel = undefined;
    this.#consumerTag = undefined;
  }

  /** A queue that is not there does not come back by waiting. */
  #onAttachFailed(transport: Transport, reason: Error): void {
    if (this.#ended !== undefined) return;
    if (reason instanceof Refused && reason.replyCode === 404) {
      this.#endBecause(reason);
      return;
    }
    this.#failedAttempts += 1;
    const delayMs = backoffMs(this.#failedAttempts, this.#host.backoff, () => this.#host.random());
    this.#pause = setTimeout(() => {
      if (this.#transport === transport) void this.resume(transport);
    }, delayMs);
  }

  #endBecause(reason: Error): void {
    if (this.#ended !== undefined) return;
    this.#ended = this.#finish(reason);
    this.#host.onConsumerEnded(this, reason);
  }

  async #finish(reason: Error | undefined): Promise<void> {
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    clearTimeout(this.#pause);
    this.#stopped = this.#keepsOrder ? this.#handBack(reason) : this.#stop();
    await this.#stopped;
    giveBack(this.#sink.takeUnseen());
    this.#sink.end(reason);
    await this.#sink.idle();
    await this.#deliveries?.close();
    this.#host.onConsumerGone(this);
  }

  /** Until the channel is closed the consumer is the active one, and what comes for it is nobody's. */
  async #handBack(reason: Error | undefined): Promise<void> {
    this.#sink.takeUnseen();
    this.#sink.end(reason);
    await this.#sink.idle();
    await this.#leaveChannel();
  }

  /** What is outstanding is lost here, and back in its place at the broker. */
  async #leaveChannel(): Promise<void> {
    const channel = this.#channel;
    this.#consumerTag = undefined;
    // behind this nothing is settled on the channel any more
    this.#deliveries?.leave();
    // a connection that ends meanwhile has closed it as well
    await channel?.close().catch(nothing);
  }

  /** The iteration is left, with deliveries that may be settled later. */
  async #leave(): Promise<void> {
    void this.cancel();
    await this.#stopped;
  }

  /** Resolves when nothing is delivered any more. */
  async #stop(): Promise<void> {
    const consumerTag = this.#consumerTag;
    this.#consumerTag = undefined;
    if (consumerTag === undefined) return;
    // a channel that is closed meanwhile delivers nothing, either
    await this.#channel?.cancel(consumerTag).catch(nothing);
  }

  readonly #onAbort = (): void => {
    void this.cancel();
  };

  #handlerSink(handler: ConsumeHandler, options: HandlerOptions): DeliverySink {
    const { concurrency = 1, onFailure = 'requeue' } = options;
    const host = this.#host;
    const observer = (): HandlerObserver | undefined => this.#transport?.handlerObserver;
    const runner = new HandlerRunner(handler, concurrency, {
      get observer() {
        return observer();
      },
      onReturned: (delivery, value) => settleReturned(host, delivery, value, onFailure),
      onFailed: (delivery, reason) => settleFailed(host, delivery, reason, onFailure),
    });
    return {
      push: (delivery) => runner.push(delivery),
      takeUnseen: () => runner.takeWaiting(),
      idle: () => runner.idle(),
      end: nothing,
    };
  }
}

function streamSink(
  stream: DeliveryStream<IncomingDelivery>,
  { keepOrder = false }: ConsumeOptions,
  deliveries: () => DeliveryChannel | undefined,
): DeliverySink {
  return {
    push: (delivery) => stream.push(delivery),
    takeUnseen: () => stream.takeWaiting(),
    idle: async () => (keepOrder ? undefined : deliveries()?.idle()),
    end: (reason) => (reason === undefined ? stream.finish() : stream.fail(reason)),
  };
}

/** Settles what a handler returned of. It may have done so itself. */
function settleReturned(
  host: ConsumerHost,
  delivery: IncomingDelivery,
  value: unknown,
  policy: FailurePolicy,
): void | Promise<void> {
  if (delivery.isSettled) return;
  if (value === undefined) {
    delivery.ack();
    return;
  }
  return giveResult(host, delivery, value, policy);
}

/** A result that has no form, or a reply that the broker refuses, is a failure like another. */
async function giveResult(
  host: ConsumerHost,
  delivery: IncomingDelivery,
  value: unknown,
  policy: FailurePolicy,
): Promise<void> {
  try {
    await delivery.result(value as object);
  } catch (reason) {
    await settleFailed(host, delivery, reason, policy);
  }
}

function settleFailed(
  host: ConsumerHost,
  delivery: IncomingDelivery,
  reason: unknown,
  policy: FailurePolicy,
): void | Promise<void> {
  // what a handler could not do because its own client closes is no failure of it
  if (delivery.isLost && reason instanceof Closed) return;
  host.onHandlerFailed(reason, delivery);
  if (delivery.isSettled) return;
  if (policy === 'requeue') {
    delivery.requeue();
    return;
  }
  return settleByPolicy(host, delivery, reason, policy);
}

/** Whatever a policy leaves open goes back to the queue: nothing is lost by a mistake in it. */
async function settleByPolicy(
  host: ConsumerHost,
  delivery: IncomingDelivery,
  reason: unknown,
  policy: Exclude<FailurePolicy, 'requeue'>,
): Promise<void> {
  try {
    if (policy === 'dead-letter') await delivery.deadLetter(String(reason));
    else await policy(reason, delivery);
  } catch (failure) {
    host.onHandlerFailed(failure, delivery);
  }
  if (!delivery.isSettled) delivery.requeue();
}

function giveBack(unseen: readonly IncomingDelivery[]): void {
  for (const delivery of unseen) if (!delivery.isLost && !delivery.isSettled) delivery.requeue();
}

function prefetchOf({ prefetch, concurrency = 1 }: HandlerOptions): number {
  if (!Number.isInteger(concurrency) || concurrency < 1)
    throw new RangeError(`concurrency: found ${concurrency}; allowed: a whole number from 1 on`);
  const count = prefetch ?? Math.max(DEFAULT_PREFETCH, Math.min(concurrency * 2, 65_535));
  if (!Number.isInteger(count) || count < 1 || count > 65_535)
    throw new RangeError(`prefetch: found ${count}; allowed: a whole number from 1 to 65535`);
  return count;
}

function nothing(): void {}
