/**
 * One channel of a connection.
 *
 *     open --channel.close--> (gone)
 *       \--ChannelError: channel.close is sent--> closing --channel.close-ok--> (gone)
 *
 * What arrives while closing was sent before the client knew, and is dropped (AMQP 0-9-1, section 1.5.2.5).
 */

import { readU32, readU64 } from '../../codec/bytes.ts';
import { FRAME_BODY, FRAME_HEADER, FRAME_METHOD } from '../../codec/frame.ts';
import { decodeMethod, writeMethodFrame } from '../../codec/method-codec.ts';
import {
  BASIC_ACK,
  BASIC_PUBLISH,
  type Method,
  type MethodArguments,
  type MethodName,
} from '../../codec/methods.ts';
import { resourceText } from '../arguments/equivalence.ts';
import type { ChannelError } from '../errors.ts';
import { channelError, commandInvalid, notImplemented, preconditionFailed } from '../failures.ts';
import type { Runtime } from '../runtime.ts';
import type { Session } from '../session/session.ts';
import { CounterActivity } from '../statistics/counter-activity.ts';
import { MessageCounters } from '../statistics/message-counters.ts';
import { onBasicCancel, onBasicConsume, onBasicGet, onBasicQos } from './basic-methods.ts';
import type { ChannelConnection, ChannelContext } from './channel-context.ts';
import { Deliveries } from './deliveries.ts';
import { onExchangeBind, onExchangeDeclare, onExchangeDelete, onExchangeUnbind } from './exchange-methods.ts';
import type { GivenResult } from './held-results.ts';
import { Publisher } from './publisher.ts';
import { onQueueBind, onQueueDeclare, onQueueDelete, onQueuePurge, onQueueUnbind } from './queue-methods.ts';
import type { ReplyConsumers } from './reply-consumers.ts';
import { Transaction } from './transaction.ts';

const BASIC_ACK_BYTES = 4 + 8 + 1;

/** The connection that a channel is on. */
export interface ChannelOwner extends ChannelConnection {
  readonly runtime: Runtime;
  readonly replyConsumers: ReplyConsumers;
  /** The client closes `channel`. */
  closeChannel(channel: Channel): void;
  /** `channel` is closed with an error. */
  failChannel(channel: Channel, error: ChannelError): void;
  /** Nothing follows on `channel` any more. */
  forgetChannel(channel: Channel): void;
  /** `channel` has confirms to write once what it published in this turn is durable. */
  awaitDurable(channel: Channel): void;
  /** Writes the confirms of `channel` that may be written now. */
  answerDurable(channel: Channel): void;
  /** Calls `resume` once all that happened by now is durable; frames that come behind the one at hand wait for it. */
  holdUntilDurable(channelNumber: number, resume: () => void): void;
}

export class Channel implements ChannelContext {
  readonly number: number;
  readonly connection: ChannelOwner;
  readonly session: Session;
  readonly runtime: Runtime;
  readonly replyConsumers: ReplyConsumers;
  readonly counters: MessageCounters = new MessageCounters();
  readonly activity: CounterActivity;
  readonly publisher: Publisher;
  readonly deliveries: Deliveries;
  state: 'open' | 'closing' = 'open';
  /** In transaction mode since tx.select. */
  transaction: Transaction | undefined;
  /** The name that an empty queue name stands for. */
  lastQueueName: string | undefined;
  /** Under which direct replies reach this channel. */
  replyAddress: string | undefined;
  /** In the broker's list of channels with confirms to seal at the end of the turn. Owned by the broker. */
  awaitsDurable = false;

  constructor(connection: ChannelOwner, session: Session, number: number) {
    this.connection = connection;
    this.session = session;
    this.number = number;
    this.runtime = connection.runtime;
    this.replyConsumers = connection.replyConsumers;
    this.activity = new CounterActivity(this.runtime.statistics, this.counters);
    this.activity.parent = session.vhost.activity;
    this.runtime.statistics.churn.channelsOpened++;
    this.publisher = new Publisher(this);
    this.deliveries = new Deliveries(this);
  }

  /** When the client or a queue used it last, about, in milliseconds since 1970; undefined while that goes on. */
  get idleSince(): number | undefined {
    return this.activity.idleSinceMs;
  }

  /** A frame for this channel. Runs per frame. */
  onFrame(type: number, bytes: Uint8Array, start: number, end: number): void {
    if (this.state !== 'open') {
      if (type === FRAME_METHOD) this.#whileClosing(decodeMethod(bytes, start, end));
    } else if (type === FRAME_BODY) {
      this.publisher.onBody(bytes, start, end);
    } else if (type === FRAME_HEADER) {
      this.publisher.onHeader(bytes, start, end);
    } else {
      this.#onMethodFrame(bytes, start, end);
    }
  }

  /** Sends a method on this channel. */
  send<N extends MethodName>(name: N, args: MethodArguments<N>): void {
    writeMethodFrame(this.connection.output.writer(), this.number, name, args);
  }

  sendDurable<N extends MethodName>(name: N, args: MethodArguments<N>): void {
    this.whenDurable(() => this.send(name, args));
  }

  whenDurable(resume: () => void): void {
    this.connection.holdUntilDurable(this.number, () => {
      // A time-out may have closed the channel meanwhile.
      if (this.state === 'open') resume();
    });
  }

  awaitDurable(): void {
    if (!this.awaitsDurable) this.connection.awaitDurable(this);
  }

  holdResult(given: GivenResult): void {
    const { results } = this.deliveries;
    this.deliveries.assertOutstanding(given.deliveryTag);
    if (this.transaction === undefined) results.hold(given);
    else results.holdUncommitted(given);
  }

  /** Closes the channel because of an error that no frame of the client is the direct cause of. */
  fail(error: ChannelError): void {
    this.connection.failChannel(this, error);
  }

  /** Direct replies reach this channel no more. */
  forgetReplyAddress(): void {
    if (this.replyAddress !== undefined) this.replyConsumers.remove(this.replyAddress);
    this.replyAddress = undefined;
  }

  /** Gives back all that the channel holds. */
  dispose(): void {
    if (this.state === 'open') {
      this.runtime.statistics.churn.channelsClosed++;
      this.runtime.received.toConfirmOfClosed += this.publisher.confirms.publishedCount;
    }
    this.state = 'closing';
    this.activity.end();
    this.transaction = undefined;
    this.forgetReplyAddress();
    this.deliveries.dispose();
  }

  /** Runs per method frame; the two methods that come with each message are decoded by hand. */
  #onMethodFrame(bytes: Uint8Array, start: number, end: number): void {
    if (!this.activity.isAwake) this.activity.touch();
    const key = readU32(bytes, start);
    if (key === BASIC_PUBLISH && end - start > 8) {
      this.publisher.onBasicPublish(bytes, start + 4, end);
      return;
    }
    this.publisher.assertIdle(key);
    if (key === BASIC_ACK && end - start === BASIC_ACK_BYTES) {
      const multiple = ((bytes[start + 12] as number) & 1) !== 0;
      this.deliveries.settleTags(readU64(bytes, start + 4), multiple, 'ack');
    } else {
      this.#onMethod(decodeMethod(bytes, start, end));
    }
  }

  #onMethod(method: Method): void {
    switch (method.name) {
      case 'channel.open':
        throw channelError(`second 'channel.open' seen on channel ${this.number}`);
      case 'channel.close':
        this.connection.closeChannel(this);
        return;
      case 'channel.flow':
        this.#onChannelFlow(method.active);
        return;
      case 'channel.flow-ok':
      case 'channel.close-ok':
      case 'basic.cancel-ok':
        return;
      case 'access.request':
        this.send('access.request-ok', { ticket: 1 });
        return;
      case 'exchange.declare':
        onExchangeDeclare(this, method);
        return;
      case 'exchange.delete':
        onExchangeDelete(this, method);
        return;
      case 'exchange.bind':
        onExchangeBind(this, method);
        return;
      case 'exchange.unbind':
        onExchangeUnbind(this, method);
        return;
      case 'queue.declare':
        onQueueDeclare(this, method);
        return;
      case 'queue.bind':
        onQueueBind(this, method);
        return;
      case 'queue.unbind':
        onQueueUnbind(this, method);
        return;
      case 'queue.purge':
        onQueuePurge(this, method);
        return;
      case 'queue.delete':
        onQueueDelete(this, method);
        return;
      case 'basic.qos':
        onBasicQos(this, this.deliveries, method);
        return;
      case 'basic.consume':
        onBasicConsume(this, this.deliveries, method);
        return;
      case 'basic.cancel':
        onBasicCancel(this, this.deliveries, method);
        return;
      case 'basic.get':
        onBasicGet(this, this.deliveries, method);
        return;
      case 'basic.ack':
        this.deliveries.settleTags(method.deliveryTag, method.multiple, 'ack');
        return;
      case 'basic.nack':
        this.deliveries.settleTags(
          method.deliveryTag,
          method.multiple,
          method.requeue ? 'requeue' : 'reject',
        );
        return;
      case 'basic.reject':
        this.deliveries.settleTags(method.deliveryTag, false, method.requeue ? 'requeue' : 'reject');
        return;
      case 'basic.recover':
        this.#onBasicRecover(method.requeue);
        this.send('basic.recover-ok', {});
        return;
      case 'basic.recover-async':
        this.#onBasicRecover(method.requeue);
        return;
      case 'confirm.select':
        this.#onConfirmSelect(method.noWait);
        return;
      case 'tx.select':
        this.#onTxSelect();
        return;
      case 'tx.commit':
        this.#onTxCommit();
        return;
      case 'tx.rollback':
        this.#onTxRollback();
        return;
      default:
        throw commandInvalid(
          `unexpected method ${method.name} on channel ${this.number}: clients do not send it here`,
        );
    }
  }

  #whileClosing(method: Method): void {
    if (method.name === 'channel.close-ok') this.connection.forgetChannel(this);
    else if (method.name === 'channel.close') this.connection.closeChannel(this);
  }

  #onChannelFlow(active: boolean): void {
    // amqp channel.flow "active": RabbitMQ does not stop deliveries, clients use prefetch for that
    if (!active) throw notImplemented('active=false');
    this.send('channel.flow-ok', { active });
  }

  #onBasicRecover(requeue: boolean): void {
    if (!requeue) throw notImplemented('requeue=false');
    this.deliveries.requeueAll('returned');
  }

  #onConfirmSelect(noWait: boolean): void {
    if (this.transaction !== undefined) throw preconditionFailed('cannot switch from tx to confirm mode');
    this.publisher.confirms.isSelected = true;
    if (!noWait) this.send('confirm.select-ok', {});
  }

  #onTxSelect(): void {
    if (this.publisher.confirms.isSelected) throw preconditionFailed('cannot switch from confirm to tx mode');
    this.transaction ??= new Transaction();
    this.send('tx.select-ok', {});
  }

  /**
   * All at once or nothing: no other frame is looked at in between, and a queue that would refuse a message (overflow
   * reject-publish) or an exchange that is gone has the whole refused. tx.commit-ok is a promise that nothing of it will
   * be lost, and waits for that.
   */
  #onTxCommit(): void {
    const transaction = this.#requireTransaction();
    const kept = transaction.publications;
    const settlements = [...transaction.settlements];
    transaction.clear();
    const publications = kept.map(({ publication, mandatory }) => {
      return { exchange: this.publisher.exchangeOf(publication), publication, mandatory };
    });
    const full = this.session.vhost.findFull(publications);
    if (full !== undefined) {
      const resource = resourceText({ kind: 'queue', name: full.name, vhost: this.session.vhost.name });
      throw preconditionFailed(
        `${resource} is full and refuses messages: nothing of the transaction was done`,
      );
    }
    this.deliveries.results.commit();
    for (const [tag, settlement] of settlements) this.deliveries.settle(tag, settlement, 'returned');
    for (const { exchange, publication, mandatory } of publications) {
      this.publisher.publishNow(exchange, publication, mandatory);
    }
    this.sendDurable('tx.commit-ok', {});
  }

  #onTxRollback(): void {
    this.#requireTransaction().clear();
    this.deliveries.results.rollback();
    this.send('tx.rollback-ok', {});
  }

  #requireTransaction(): Transaction {
    if (this.transaction === undefined) throw preconditionFailed('channel is not transactional');
    return this.transaction;
  }
}
