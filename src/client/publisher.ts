import { Refused, Rejected, Returned } from './client-failures.ts';
import { Fifo } from './fifo.ts';
import type { NamedMessage } from './outgoing-message.ts';
import { TagWindow } from './tag-window.ts';
import type {
  ChannelFailure,
  Transport,
  TransportChannel,
  TransportChannelEvents,
  TransportReturn,
} from './transport.ts';

/** A message on its way to its confirm. */
export class PendingPublish {
  readonly message: NamedMessage;
  readonly #settle: (failure: Error | undefined) => void;
  /** The broker has answered, or nobody waits for that any more. */
  isSettled = false;
  /** It is sent while nothing else is unconfirmed, because it may be what the broker closes the channel for. */
  isAlone = false;
  /** basic.return has come; the confirm follows. */
  returned: TransportReturn | undefined;

  constructor(message: NamedMessage, settle: (failure: Error | undefined) => void) {
    this.message = message;
    this.#settle = settle;
  }

  settle(failure: Error | undefined): void {
    this.isSettled = true;
    this.#settle(failure);
  }
}

export interface PublisherOptions {
  /** Messages that may wait for their confirm at a time. */
  readonly unconfirmedMax: number;
  /** Called with each new channel before anything is published on it. */
  prepare?(channel: TransportChannel): Promise<void>;
  onReturn(message: TransportReturn): void;
}

/**
 * Publishes over one confirm channel, many messages at a time. What is not confirmed when the channel or the connection ends is
 * published again, in its order and under its id, on the next one.
 *
 *     publish() --> [waiting] --sent--> [unconfirmed, by delivery tag] --confirm--> settled
 *                       ^------the channel ended---------'
 *
 * A broker closes the channel for a message that it may not take, such as one for an exchange that does not exist, without
 * saying for which one. So those that may be it are sent again one by one, each after everything before it was confirmed; the
 * one after which the channel is closed again is refused.
 */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #waiting: Fifo<PendingPublish> = new Fifo();
  #unconfirmed: TagWindow<PendingPublish> = new TagWindow();
  #transport: Transport | undefined;
  #channel: TransportChannel | undefined;
  /** The connection on which a channel is being opened. */
  #openingOn: Transport | undefined;
  #isCongested = false;
  /** What is unconfirmed is one message that must be alone. */
  #holdsAlone = false;
  /** Messages that are neither confirmed nor failed. */
  #unsettledCount = 0;
  #idle: (() => void)[] = [];

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  /** A connection is there: goes on with what waits. Resolves when a channel is open, or never will be on this connection. */
  attach(transport: Transport): Promise<void> {
    this.#transport = transport;
    return this.#open(transport);
  }

  /** The connection is gone. */
  detach(): void {
    this.#transport = undefined;
    this.#takeBack();
  }

  publish(pending: PendingPublish): void {
    this.#unsettledCount += 1;
    this.#waiting.push(pending);
    // no channel was to be had when one was tried last
    if (this.#channel === undefined && this.#transport !== undefined) void this.#open(this.#transport);
    else this.#pump();
  }

  /** Nobody waits for it any more. It is not sent any more, unless it was. */
  abandon(pending: PendingPublish, reason?: Error): void {
    this.#settle(pending, reason);
  }

  /** Resolves when every message is confirmed or has failed. */
  idle(): Promise<void> {
    return this.#unsettledCount === 0
      ? Promise.resolve()
      : new Promise((resolve) => this.#idle.push(resolve));
  }

  failAll(reason: Error): void {
    this.#takeBack();
    for (const pending of this.#waiting.takeAll()) this.#settle(pending, reason);
  }

  async #open(transport: Transport): Promise<void> {
    if (this.#openingOn === transport) return;
    this.#openingOn = transport;
    const isCurrent = (): boolean => this.#transport === transport && this.#channel !== undefined;
    const events: TransportChannelEvents = {
      onConfirm: (tag, multiple, accepted) => isCurrent() && this.#onConfirm(tag, multiple, accepted),
      onReturn: (message) => this.#onReturn(message),
      onDrain: () => isCurrent() && this.#onDrain(),
      onClosed: (failure) => isCurrent() && this.#onClosed(failure),
    };
    try {
      const channel = await transport.openChannel(events, 'confirms');
      await this.#options.prepare?.(channel);
      if (this.#openingOn === transport) this.#openingOn = undefined;
      if (this.#transport === transport) this.#becomeOpen(channel);
    } catch (reason) {
      if (this.#openingOn === transport) this.#openingOn = undefined;
      this.#failWaiting(transport, reason as Error);
    }
  }

  #becomeOpen(channel: TransportChannel): void {
    this.#unconfirmed = new TagWindow();
    this.#isCongested = false;
    this.#holdsAlone = false;
    this.#channel = channel;
    this.#pump();
  }

  /**
   * No channel is to be had on a connection that lives. One that went meanwhile is no failure of a message: the next one is
   * attached soon. Its end may be heard of right behind this.
   */
  #failWaiting(transport: Transport, reason: Error): void {
    setImmediate(() => {
      const isOver = this.#transport !== transport || this.#openingOn === transport;
      if (isOver || this.#channel !== undefined) return;
      for (const pending of this.#waiting.takeAll()) this.#settle(pending, reason);
    });
  }

  #pump(): void {
    while (this.#channel !== undefined && !this.#isCongested) {
      const next = this.#waiting.first;
      if (next === undefined) return;
      if (!next.isSettled && !this.#maySend(next)) return;
      this.#waiting.shift();
      if (!next.isSettled) this.#send(this.#channel, next);
    }
  }

  #maySend(next: PendingPublish): boolean {
    const { count } = this.#unconfirmed;
    if (next.isAlone || this.#holdsAlone) return count === 0;
    return count < this.#options.unconfirmedMax;
  }

  #send(channel: TransportChannel, pending: PendingPublish): void {
    try {
      this.#isCongested = !channel.publish(pending.message);
    } catch (reason) {
      // it has no form on the wire: a name of more than 255 bytes, for instance
      this.#settle(pending, reason as Error);
      return;
    }
    this.#holdsAlone = pending.isAlone;
    pending.returned = undefined;
    this.#unconfirmed.add(pending);
  }

  #onConfirm(deliveryTag: number, multiple: boolean, accepted: boolean): void {
    const settle = (pending: PendingPublish): void => this.#confirm(pending, accepted);
    if (multiple) {
      this.#unconfirmed.takeUpTo(deliveryTag === 0 ? Number.POSITIVE_INFINITY : deliveryTag, settle);
    } else {
      const pending = this.#unconfirmed.take(deliveryTag);
      if (pending !== undefined) settle(pending);
    }
    if (this.#unconfirmed.count === 0) this.#holdsAlone = false;
    if (this.#waiting.length > 0) this.#pump();
  }

  #confirm(pending: PendingPublish, accepted: boolean): void {
    const { message, returned } = pending;
    if (!accepted) this.#settle(pending, new Rejected(message));
    else if (returned === undefined) this.#settle(pending, undefined);
    else this.#settle(pending, new Returned(message, returned.replyCode, returned.replyText));
  }

  /** amqp basic.return comes before the confirm of its message, and names it only by what is in it. Its message is among the oldest. */
  #onReturn(message: TransportReturn): void {
    const { messageId } = message.properties;
    const pending = this.#unconfirmed.find(
      (each) => each.message.messageId === messageId && each.message.mandatory && each.returned === undefined,
    );
    if (pending !== undefined) pending.returned = message;
    this.#options.onReturn(message);
  }

  #onDrain(): void {
    this.#isCongested = false;
    this.#pump();
  }

  #onClosed(failure: ChannelFailure | undefined): void {
    const unconfirmed = this.#takeBack();
    const transport = this.#transport;
    // without a failure the connection is gone as well, and the next one is attached
    if (failure === undefined || transport === undefined) return;
    const [oldest] = unconfirmed;
    if (oldest?.isAlone) this.#settle(oldest, refusal(oldest, failure));
    else suspect(unconfirmed, failure);
    void this.#open(transport);
  }

  /** Everything that is unconfirmed waits again, in front, and is returned. */
  #takeBack(): PendingPublish[] {
    this.#channel = undefined;
    const unconfirmed = this.#unconfirmed.takeAll().filter((pending) => !pending.isSettled);
    this.#waiting.pushFront(unconfirmed);
    return unconfirmed;
  }

  #settle(pending: PendingPublish, failure: Error | undefined): void {
    if (pending.isSettled) return;
    this.#unsettledCount -= 1;
    pending.settle(failure);
    if (this.#unsettledCount === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }
}

/** The broker names the exchange when that is what it minds. */
function suspect(unconfirmed: readonly PendingPublish[], { replyText }: ChannelFailure): void {
  const named = unconfirmed.filter(({ message }) => replyText.includes(`'${message.exchange}'`));
  for (const pending of named.length > 0 ? named : unconfirmed) pending.isAlone = true;
}

function refusal({ message }: PendingPublish, { replyCode, replyText }: ChannelFailure): Refused {
  const { messageId, exchange, routingKey } = message;
  return new Refused(
    replyCode,
    replyText,
    `message '${messageId}' to exchange '${exchange}' with routing key '${routingKey}'`,
  );
}
