/**
 * What happened to messages since the start, counted where it happens: each queue, channel, exchange and vhost has counters
 * of its own. Plain fields, because they are on the way of every message.
 */
export class MessageCounters {
  /** Came in: by basic.publish on a channel; into a queue; `publishIn` and `publishOut` are what an exchange got and routed. */
  publish = 0;
  publishIn = 0;
  publishOut = 0;
  confirm = 0;
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

  /** All ways out together. */
  get deliverGet(): number {
    return this.deliver + this.deliverNoAck + this.get + this.getNoAck;
  }
}

export type MessageCounter = Exclude<keyof MessageCounters, never>;
