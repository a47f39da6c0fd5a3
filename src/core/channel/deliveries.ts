/**
 * The consuming side of a channel: its consumers, what they were sent and have not settled, and the credit they have.
 *
 *     queue.pump -> deliver -> unacked -> basic.ack / reject / nack / recover -> queue.acknowledge / reject / requeue
 */

import { writeMethodFrame } from '../../codec/method-codec.ts';
import { resourceText } from '../arguments/equivalence.ts';
import type { Deadline } from '../deadlines.ts';
import { accessRefused, notAllowed, preconditionFailed } from '../failures.ts';
import { showDeliveryCount } from '../message/delivery-count.ts';
import { type MessageParts, partsOf } from '../message/message-parts.ts';
import type { MessageRecord } from '../message/message-record.ts';
import { Publication } from '../message/publication.ts';
import { Consumer, type ConsumerSettings, type DeliveryTarget } from '../queue/consumer.ts';
import type { Lane, LaneOwner, RequeueCause } from '../queue/lane.ts';
import type { GetTarget, Queue } from '../queue/queue.ts';
import type { Tracer } from '../vhost/tracer.ts';
import type { VirtualHost } from '../vhost/virtual-host.ts';
import type { ChannelContext } from './channel-context.ts';
import { DeliverWriter } from './deliver-writer.ts';
import { writeDeliver, writeGetOk } from './delivery-frames.ts';
import { HeldResults } from './held-results.ts';
import type { ReplyTarget } from './reply-consumers.ts';
import { traceOriginOf } from './trace-origin.ts';
import type { Settlement } from './transaction.ts';
import { Unacked } from './unacked.ts';

/** How often all that is outstanding on a channel is looked through for a consumer time-out, at most. */
const TIMEOUT_LOOK_MS = 1000;

export class Deliveries implements DeliveryTarget, GetTarget, ReplyTarget {
  readonly consumers: Map<string, Consumer> = new Map<string, Consumer>();
  readonly unacked: Unacked = new Unacked();
  /** Given for what is unacked. */
  readonly results: HeldResults;
  /** basic.qos global=true: most unacked messages of all consumers of the channel; 0: no limit. */
  globalPrefetch = 0;
  /** basic.qos global=false: for the consumers that come. */
  consumerPrefetch = 0;
  readonly #channel: ChannelContext;
  readonly #vhost: VirtualHost;
  readonly #writer = new DeliverWriter();
  /** Unacked messages that consumers got, without those of basic.get. */
  #consumedCount = 0;
  /** The consumer of direct replies, if there is one; the bytes are its tag as a shortstr. */
  #replyConsumer: { readonly consumerTag: string; readonly tagBytes: Uint8Array } | undefined;
  readonly #timeout: Deadline;
  /** When `#timeout` ran last. */
  #lookedMs = Number.NEGATIVE_INFINITY;

  constructor(channel: ChannelContext) {
    this.#channel = channel;
    this.#vhost = channel.session.vhost;
    this.results = new HeldResults(channel.connection);
    this.#timeout = channel.runtime.makeDeadline((nowMs) => this.#onTimeout(nowMs));
  }

  /** The channel that this is the consuming side of. */
  get channel(): ChannelContext {
    return this.#channel;
  }

  /** Whether messages may be sent on the channel now. Runs per delivery. */
  get canDeliver(): boolean {
    return !this.#channel.connection.output.congested;
  }

  /** Whether the limit of the channel as a whole allows one more message. Runs per delivery. */
  get hasGlobalCredit(): boolean {
    return this.globalPrefetch === 0 || this.#consumedCount < this.globalPrefetch;
  }

  // ---- to the client ----

  /** Sends a message to `consumer`. Runs per delivery. */
  deliver(consumer: Consumer, lane: Lane, seq: number, redelivered: boolean, record: MessageRecord): void {
    const { connection, number, counters, activity } = this.#channel;
    if (consumer.noAck) counters.deliverNoAck++;
    else counters.deliver++;
    if (redelivered) counters.redeliver++;
    if (!activity.isAwake) activity.touch();
    const parts = lane.returnCount(seq) === 0 ? record : this.#countedParts(lane, seq);
    const tag = consumer.noAck ? this.unacked.skip() : this.#outstanding(lane, seq, consumer);
    this.#writer.write(
      connection.output,
      number,
      consumer.tagBytes,
      tag,
      redelivered,
      parts,
      connection.frameMax,
    );
    const { tracer } = this.#vhost;
    if (tracer !== undefined) this.#trace(tracer, lane, seq, redelivered);
  }

  /** Answers basic.get with a message. */
  deliverGet(lane: Lane, seq: number, redelivered: boolean, noAck: boolean): void {
    const { connection, number, runtime, counters } = this.#channel;
    if (noAck) counters.getNoAck++;
    else counters.get++;
    if (redelivered) counters.redeliver++;
    const record = runtime.readRecord(lane.position(seq));
    const parts = lane.returnCount(seq) === 0 ? record : this.#countedParts(lane, seq);
    const tag = noAck
      ? this.unacked.skip()
      : this.unacked.push(lane, seq, undefined, Number.POSITIVE_INFINITY);
    const left = lane.owner?.readyCount ?? 0;
    writeGetOk(connection.output.writer(), number, tag, redelivered, left, parts, connection.frameMax);
    connection.output.sentContents++;
    const { tracer } = this.#vhost;
    if (tracer !== undefined) this.#trace(tracer, lane, seq, redelivered);
  }

  #trace(tracer: Tracer, lane: Lane, seq: number, redelivered: boolean): void {
    const record = this.#channel.runtime.readRecord(lane.position(seq));
    const queue = lane.owner?.name ?? '';
    tracer.delivered(queue, Publication.fromRecord(record), redelivered, traceOriginOf(this.#channel));
  }

  /** Sends a direct reply. Nothing keeps one for a client that does not read: false when it is dropped. */
  deliverReply(publication: Publication): boolean {
    const { connection, number } = this.#channel;
    const { output, frameMax } = connection;
    if (this.#replyConsumer === undefined || output.repliesAreUnread) return false;
    const writer = output.writer();
    const start = writer.position;
    const tag = this.unacked.skip();
    const { tagBytes } = this.#replyConsumer;
    writeDeliver(writer, number, tagBytes, tag, false, partsOf(publication), frameMax);
    output.addReply(writer.position - start);
    return true;
  }

  // ---- consumers ----

  /** amqp basic.consume */
  consume(queue: Queue, settings: ConsumerSettings): void {
    const inUse = settings.exclusive
      ? queue.consumerCount > 0 || queue.settings.singleActiveConsumer
      : queue.hasExclusiveConsumer;
    if (inUse) {
      const resource = resourceText({ kind: 'queue', name: queue.name, vhost: queue.vhost.name });
      throw accessRefused(`${resource} in exclusive use`);
    }
    const consumer = new Consumer(this, queue, settings);
    this.consumers.set(consumer.consumerTag, consumer);
    queue.addConsumer(consumer);
  }

  /** amqp basic.consume "consumer-tag": 530 */
  assertFreeTag(consumerTag: string): void {
    if (this.consumers.has(consumerTag) || this.#replyConsumer?.consumerTag === consumerTag)
      throw notAllowed(`attempt to reuse consumer tag '${consumerTag}'`);
  }

  /** The consumer of this tag gets direct replies from now on. `tagBytes` is the tag as a shortstr. */
  setReplyConsumer(consumerTag: string, tagBytes: Uint8Array): void {
    this.#replyConsumer = { consumerTag, tagBytes };
  }

  /** amqp basic.cancel. What the consumer has unacked stays with the channel. */
  cancel(consumerTag: string): void {
    if (this.#replyConsumer?.consumerTag === consumerTag) this.#cancelReplies();
    const consumer = this.consumers.get(consumerTag);
    if (consumer === undefined) return;
    this.consumers.delete(consumerTag);
    consumer.cancelled = true;
    consumer.queue.removeConsumer(consumer);
  }

  /** Nothing more is delivered. What is unacked stays with the channel. */
  cancelAll(): void {
    if (this.#replyConsumer !== undefined) this.#cancelReplies();
    for (const consumerTag of [...this.consumers.keys()]) this.cancel(consumerTag);
  }

  /** The queue of `consumer` is gone: tells a client that wants to know. */
  onQueueDeleted(consumer: Consumer): void {
    const { connection, number } = this.#channel;
    this.consumers.delete(consumer.consumerTag);
    consumer.cancelled = true;
    consumer.queue.removeConsumer(consumer);
    if (!connection.clientHas('consumer_cancel_notify')) return;
    const { consumerTag } = consumer;
    writeMethodFrame(connection.output.writer(), number, 'basic.cancel', { consumerTag, noWait: true });
  }

  /** The channel may deliver again, or has more credit: its consumers look at their queues. */
  unparkAll(): void {
    for (const consumer of this.consumers.values()) consumer.queue.unpark(consumer);
  }

  // ---- settlements ----

  /** amqp basic.ack, basic.nack, basic.reject. 406 when `tag` is not outstanding. */
  settleTags(tag: number, multiple: boolean, settlement: Settlement): void {
    const { unacked } = this;
    const all = multiple && tag === 0;
    if (!all) this.assertOutstanding(tag);
    if (this.#channel.transaction !== undefined) this.#keep(tag, multiple, settlement);
    else if (multiple) this.#settleUpTo(all ? unacked.nextTag - 1 : tag, settlement);
    else this.settle(tag, settlement, 'returned');
  }

  /** 406 when `tag` is not outstanding. Runs per settlement. */
  assertOutstanding(tag: number): void {
    if (this.unacked.laneOf(tag) !== undefined && !this.#isInTransaction(tag)) return;
    throw preconditionFailed(`unknown delivery tag ${tag}`);
  }

  /** Ends one delivery. Runs per message. */
  settle(tag: number, settlement: Settlement, cause: RequeueCause): void {
    const { unacked } = this;
    const lane = unacked.laneOf(tag) as Lane;
    const seq = unacked.seqOf(tag);
    const consumer = unacked.consumerOf(tag);
    unacked.remove(tag);
    if (consumer !== undefined) this.#giveCredit(consumer);
    const queue = lane.owner as LaneOwner;
    const result = this.results.isEmpty ? undefined : this.results.take(tag);
    if (settlement === 'ack') {
      this.#channel.counters.ack++;
      queue.acknowledge(lane, seq, result);
    } else if (settlement === 'reject') queue.reject(lane, seq, result);
    else queue.requeue(lane, seq, cause);
  }

  /** amqp basic.recover "requeue", and what happens when the channel closes. A transaction keeps what it has settled. */
  requeueAll(cause: RequeueCause): void {
    for (const tag of this.unacked.tagsBelow(this.unacked.nextTag)) {
      if (!this.#isInTransaction(tag)) this.settle(tag, 'requeue', cause);
    }
  }

  /** The channel closes. */
  dispose(): void {
    this.#channel.runtime.deadlines.clear(this.#timeout);
    this.cancelAll();
    this.results.clear();
    this.requeueAll('failed');
  }

  // ---- inside ----

  #cancelReplies(): void {
    this.#replyConsumer = undefined;
    this.#channel.forgetReplyAddress();
  }

  #outstanding(lane: Lane, seq: number, consumer: Consumer): number {
    consumer.unackedCount++;
    if (!consumer.isBusy) consumer.queue.consumerBecameBusy(consumer);
    this.#consumedCount++;
    return this.unacked.push(lane, seq, consumer, this.#dueMs(consumer));
  }

  /** What becomes outstanding meanwhile has a higher tag and is left alone. */
  #settleUpTo(tag: number, settlement: Settlement): void {
    const { unacked } = this;
    for (let oldest = unacked.oldest; oldest !== 0 && oldest <= tag; oldest = unacked.oldest) {
      this.settle(oldest, settlement, 'returned');
    }
  }

  #giveCredit(consumer: Consumer): void {
    const hadGlobalCredit = this.hasGlobalCredit;
    consumer.unackedCount--;
    if (consumer.unackedCount === 0) consumer.queue.consumerBecameIdle(consumer);
    this.#consumedCount--;
    if (!hadGlobalCredit) this.unparkAll();
    else if (consumer.next === undefined && !consumer.cancelled) consumer.queue.unpark(consumer);
  }

  #isInTransaction(tag: number): boolean {
    return this.#channel.transaction?.settlements.has(tag) === true;
  }

  #keep(tag: number, multiple: boolean, settlement: Settlement): void {
    const settlements = this.#channel.transaction?.settlements;
    if (!multiple) {
      settlements?.set(tag, settlement);
      return;
    }
    const end = tag === 0 ? this.unacked.nextTag : tag + 1;
    for (const outstanding of this.unacked.tagsBelow(end)) {
      if (!this.#isInTransaction(outstanding)) settlements?.set(outstanding, settlement);
    }
  }

  /** A message of a quorum queue that came back before says how often: header x-delivery-count. */
  #countedParts(lane: Lane, seq: number): MessageParts {
    const { record } = this.#channel.runtime;
    if (lane.owner?.showsDeliveryCount !== true) return record;
    const publication = Publication.fromRecord(record);
    showDeliveryCount(publication, lane.returnCount(seq));
    return partsOf(publication);
  }

  // ---- consumer time-out: one deadline for all that is outstanding, not later than the first of them is due ----

  /** When a delivery to `consumer` must be settled at the latest. Runs per delivery. */
  #dueMs(consumer: Consumer): number {
    const { runtime, connection } = this.#channel;
    const timeoutMs = consumer.queue.settings.consumerTimeoutMs ?? connection.settings.consumerTimeoutMs;
    if (timeoutMs === 0) return Number.POSITIVE_INFINITY;
    const dueMs = runtime.now() + timeoutMs;
    if (dueMs < this.#timeout.atMs) this.#lookAt(dueMs);
    return dueMs;
  }

  #lookAt(dueMs: number): void {
    this.#channel.runtime.deadlines.set(this.#timeout, Math.max(dueMs, this.#lookedMs + TIMEOUT_LOOK_MS));
  }

  #onTimeout(nowMs: number): void {
    const { unacked } = this;
    this.#lookedMs = nowMs;
    let nextMs = Number.POSITIVE_INFINITY;
    for (const tag of unacked.tagsBelow(unacked.nextTag)) {
      const dueMs = unacked.dueMsOf(tag);
      if (dueMs <= nowMs) {
        this.#failLate(tag);
        return;
      }
      nextMs = Math.min(nextMs, dueMs);
    }
    this.#lookAt(nextMs);
  }

  #failLate(tag: number): void {
    const text = `delivery acknowledgement on channel ${this.#channel.number} timed out. Delivery tag: ${tag}`;
    this.#channel.fail(
      preconditionFailed(`${text}. See consumer-timeout and x-consumer-timeout to change the limit`),
    );
  }
}
