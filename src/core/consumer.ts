import { ByteWriter } from '../codec/byte-writer.ts';
import type { FieldTable } from '../codec/field-table.ts';
import type { Channel } from './channel.ts';
import type { Queue } from './queue.ts';

/** What basic.consume asked for. */
export interface ConsumerSettings {
  readonly consumerTag: string;
  readonly noAck: boolean;
  readonly exclusive: boolean;
  /** x-priority: messages go to consumers of a lower priority only when no higher one can take them. */
  readonly priority: number;
  /** 0: no limit. */
  readonly prefetchCount: number;
  readonly arguments: FieldTable;
}

/**
 * A subscription of a channel to a queue. While it can take no message (prefetch reached, its connection congested,
 * channel.flow off) it is parked outside of the queue's ring, so that the queue never looks at it in vain.
 */
export class Consumer {
  readonly channel: Channel;
  readonly queue: Queue;
  readonly consumerTag: string;
  readonly noAck: boolean;
  readonly exclusive: boolean;
  readonly priority: number;
  readonly prefetchCount: number;
  readonly arguments: FieldTable;
  /** The consumer tag as a shortstr, ready for basic.deliver. */
  readonly tagBytes: Uint8Array;
  unackedCount = 0;
  /** With x-single-active-consumer: whether this one is it. Otherwise true. */
  active = true;
  cancelled = false;
  /** Links of the ring, owned by ConsumerSet; undefined while parked. */
  next: Consumer | undefined;
  previous: Consumer | undefined;

  constructor(channel: Channel, queue: Queue, settings: ConsumerSettings) {
    this.channel = channel;
    this.queue = queue;
    this.consumerTag = settings.consumerTag;
    this.noAck = settings.noAck;
    this.exclusive = settings.exclusive;
    this.priority = settings.priority;
    this.prefetchCount = settings.prefetchCount;
    this.arguments = settings.arguments;
    const writer = new ByteWriter(64);
    writer.shortstr(settings.consumerTag);
    this.tagBytes = writer.toBytes();
  }

  /** Whether a message may be sent to it now. Runs per delivery. */
  get canTake(): boolean {
    if (!this.channel.canDeliver) return false;
    if (this.noAck) return true;
    if (this.prefetchCount !== 0 && this.unackedCount >= this.prefetchCount) return false;
    return this.channel.hasGlobalCredit;
  }
}
