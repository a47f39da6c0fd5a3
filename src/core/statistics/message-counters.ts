/**
 * What happened to messages since the start, counted where it happens: each queue, channel and exchange has counters of its
 * own; those of a vhost and of the broker are their sums. Plain fields, because they are on the way of every message.
 *
 * Each means what RabbitMQ's `message_stats` mean. Which of them an object counts:
 *
 *     queue      publish, deliver..., get..., redeliver, ack, reject
 *     exchange   publishIn, publishOut
 *     channel    publish, confirm, returnUnroutable, dropUnroutable, deliver..., get..., redeliver, ack
 */
export class MessageCounters {
  /**
   * Came in: by basic.publish on a channel or over HTTP. A queue counts what such a message was routed to it, and not dead letters
   * and the like; `publishIn` and `publishOut` are what an exchange got, and into how many queues it went.
   */
  publish = 0;
  publishIn = 0;
  publishOut = 0;
  /** Of a channel in confirm mode, answered with basic.ack. */
  confirm = 0;
  /** To no queue: returned to the publisher (mandatory), or dropped. */
  returnUnroutable = 0;
  dropUnroutable = 0;
  /** To consumers that acknowledge, and to those that do not. */
  deliver = 0;
  deliverNoAck = 0;
  get = 0;
  getNoAck = 0;
  getEmpty = 0;
  /** Of those above, the ones that were delivered before. */
  redeliver = 0;
  ack = 0;
  /** Rejected without requeue. RabbitMQ does not count them. */
  reject = 0;

  /** All ways out together. */
  get deliverGet(): number {
    return this.deliver + this.deliverNoAck + this.get + this.getNoAck;
  }

  add(other: MessageCounters): void {
    this.publish += other.publish;
    this.publishIn += other.publishIn;
    this.publishOut += other.publishOut;
    this.confirm += other.confirm;
    this.returnUnroutable += other.returnUnroutable;
    this.dropUnroutable += other.dropUnroutable;
    this.addDeliveries(other);
  }

  /** Adds what a queue counts beside `publish`. */
  addDeliveries(other: MessageCounters): void {
    this.deliver += other.deliver;
    this.deliverNoAck += other.deliverNoAck;
    this.get += other.get;
    this.getNoAck += other.getNoAck;
    this.getEmpty += other.getEmpty;
    this.redeliver += other.redeliver;
    this.ack += other.ack;
    this.reject += other.reject;
  }

  /** Adds what an exchange counts: what it got was published. */
  addPublications(exchange: MessageCounters): void {
    this.publish += exchange.publishIn;
    this.publishIn += exchange.publishIn;
    this.publishOut += exchange.publishOut;
  }
}

export type MessageCounter = Exclude<keyof MessageCounters, 'add' | 'addDeliveries' | 'addPublications'>;
