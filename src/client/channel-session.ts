import type { Method, MethodArguments, MethodName } from '../codec/methods.ts';
import type { BasicProperties } from '../codec/properties.ts';
import type { ChannelLink } from './channel-link.ts';
import { ChannelClosedError } from './client-errors.ts';
import { ConfirmTracker } from './confirm-tracker.ts';
import { ConsumerRegistry } from './consumer-registry.ts';
import { ContentAssembler, type ContentMethod, type ReceivedContent } from './content-assembler.ts';
import type { Delivery, ReturnedMessage } from './delivery.ts';
import type { MethodOf } from './method-of.ts';
import { PendingReplies } from './pending-replies.ts';

/** What a channel hears of its session. */
export interface ChannelSessionEvents {
  onReturn(message: ReturnedMessage): void;
  onCancel(consumerTag: string): void;
  /** `reason` is undefined when this side closed the channel. */
  onClose(reason: Error | undefined): void;
  onHandlerFailure(reason: unknown): void;
  /** A confirm, of whatever was published with `sendPublish`. */
  onConfirm?(deliveryTag: number, multiple: boolean, accepted: boolean): void;
}

type ChannelState =
  | { readonly name: 'open' }
  | { readonly name: 'closing'; readonly closed: Promise<void> }
  | { readonly name: 'closed'; readonly reason: Error };

/**
 * The protocol of one channel, seen from the client: requests and their replies, contents, confirms, and the end.
 *
 *     open --close()--> closing --channel.close-ok--> closed
 *       \--channel.close from the broker, or the end of the connection--> closed
 */
export class ChannelSession {
  readonly number: number;
  readonly consumers: ConsumerRegistry;
  readonly #link: ChannelLink;
  readonly #events: ChannelSessionEvents;
  readonly #pending: PendingReplies = new PendingReplies();
  readonly #assembler: ContentAssembler;
  #state: ChannelState = { name: 'open' };
  /** Set while the channel is in confirm mode. */
  #confirms: ConfirmTracker | undefined;

  constructor(link: ChannelLink, events: ChannelSessionEvents) {
    this.#link = link;
    this.#events = events;
    this.#assembler = new ContentAssembler((method, content) => this.#onContent(method, content));
    this.consumers = new ConsumerRegistry(link.handlerObserver, (reason) => events.onHandlerFailure(reason));
    this.number = link.addChannel({
      onMethod: (method) => this.#onMethod(method),
      onHeader: (bytes, start, end) => this.#assembler.header(bytes, start, end),
      onBody: (bytes, start, end) => this.#assembler.body(bytes, start, end),
      onConnectionClosed: (reason, expected) => this.#becomeClosed(reason, expected ? undefined : reason),
    });
  }

  get isOpen(): boolean {
    return this.#state.name === 'open';
  }

  /** Throws why the channel is closed, when it is. */
  assertOpen(): void {
    if (this.#state.name === 'closed') {
      throw this.#state.reason;
    }
    if (this.#state.name === 'closing') {
      throw new ChannelClosedError(200, 'closed by the client');
    }
  }

  /** Sends a method that has no reply. */
  send<N extends MethodName>(name: N, args: MethodArguments<N>): void {
    this.assertOpen();
    this.#link.sendMethod(this.number, name, args);
  }

  /** Sends a method; `take` sees its reply before anything that follows it on the channel. */
  call<N extends MethodName, R extends MethodName, T>(
    name: N,
    args: MethodArguments<N>,
    replyName: R,
    take: (reply: MethodOf<R>) => T,
  ): Promise<T> {
    return this.callAny(name, args, [replyName], take);
  }

  /** The same for a method that has one of several replies. */
  async callAny<N extends MethodName, R extends MethodName, T>(
    name: N,
    args: MethodArguments<N>,
    replyNames: readonly R[],
    take: (reply: MethodOf<R>, content: ReceivedContent | undefined) => T,
  ): Promise<T> {
    this.assertOpen();
    // replies come in a later microtask: what is expected can be noted after the request, which throws when it is not valid
    this.#link.sendMethod(this.number, name, args);
    return this.#pending.expect(replyNames, take);
  }

  /** Resolves when the message is confirmed; without confirm mode, when the broker has taken it. Rejects when it never will. */
  publish(
    args: MethodArguments<'basic.publish'>,
    properties: BasicProperties,
    body: Uint8Array,
  ): Promise<void> {
    this.assertOpen();
    if (this.#confirms !== undefined) {
      this.#link.sendPublish(this.number, args, properties, body, undefined);
      return this.#confirms.expectNext();
    }
    return new Promise<void>((resolve, reject) => {
      this.#link.sendPublish(this.number, args, properties, body, () => {
        if (this.#state.name === 'closed') reject(this.#state.reason);
        else resolve();
      });
    });
  }

  /** Publishes without a promise: what comes of it is an event. */
  sendPublish(args: MethodArguments<'basic.publish'>, properties: BasicProperties, body: Uint8Array): void {
    this.assertOpen();
    this.#link.sendPublish(this.number, args, properties, body, undefined);
  }

  confirmSelect(): Promise<void> {
    const selected = this.call('confirm.select', { noWait: false }, 'confirm.select-ok', nothing);
    this.#confirms ??= new ConfirmTracker();
    return selected;
  }

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
        this.#events.onConfirm?.(method.deliveryTag, method.multiple, true);
        break;
      case 'basic.nack':
        this.#confirms?.nack(method.deliveryTag, method.multiple);
        this.#events.onConfirm?.(method.deliveryTag, method.multiple, false);
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
        this.consumers.deliver(delivery(method, content));
        break;
      case 'basic.get-ok':
        this.#pending.answer(method, content);
        break;
      case 'basic.return':
        this.#events.onReturn(returnedMessage(method, content));
    }
  }

  #onBasicCancel(consumerTag: string): void {
    this.consumers.remove(consumerTag);
    this.#events.onCancel(consumerTag);
  }

  #onChannelClose(method: MethodOf<'channel.close'>): void {
    this.#link.sendMethod(this.number, 'channel.close-ok', {});
    const reason = new ChannelClosedError(method.replyCode, method.replyText);
    if (this.#state.name === 'closing') {
      // both sides closed at once: the number stays in use until the broker's close-ok is here
      this.#pending.failAllBut('channel.close-ok', reason);
      return;
    }
    this.#link.releaseChannel(this.number);
    this.#becomeClosed(reason, reason);
  }

  #becomeClosing(): Promise<void> {
    const args = { replyCode: 200, replyText: 'closed by the client', classId: 0, methodId: 0 };
    this.consumers.removeAll();
    const answered = this.call('channel.close', args, 'channel.close-ok', () => {
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
    this.consumers.failAll(reason);
    this.#events.onClose(unexpected);
  }
}

function nothing(): void {}

function delivery(method: MethodOf<'basic.deliver'>, content: ReceivedContent): Delivery {
  const { consumerTag, deliveryTag, redelivered, exchange, routingKey } = method;
  return { consumerTag, deliveryTag, redelivered, exchange, routingKey, ...content };
}

function returnedMessage(method: MethodOf<'basic.return'>, content: ReceivedContent): ReturnedMessage {
  const { replyCode, replyText, exchange, routingKey } = method;
  return { replyCode, replyText, exchange, routingKey, ...content };
}
