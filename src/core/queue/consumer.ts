import { encodeShortstr } from '../../codec/bytes.ts';
import type { FieldTable } from '../../codec/field-table.ts';
import type { QueueArguments } from '../arguments/queue-arguments.ts';
import type { MessageRecord } from '../message/message-record.ts';
import type { Lane } from './lane.ts';

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
  /** It only waits for the next messages, and goes: an auto-delete queue stays when the last one has. */
  readonly isPassing?: boolean;
}

/** Where the messages of a consumer go: the consuming side of a channel. */
export interface DeliveryTarget {
  /** Whether anything may be sent to the client now. */
  readonly canDeliver: boolean;
  /** Whether the limit of the channel as a whole allows one more unacked message. */
  readonly hasGlobalCredit: boolean;
  /** `record` is the message; valid during the call. Runs per delivery. */
  deliver(consumer: Consumer, lane: Lane, seq: number, redelivered: boolean, record: MessageRecord): void;
  /** The queue of `consumer` is gone, and `consumer` with it. */
  onQueueDeleted(consumer: Consumer): void;
}

/** Where the messages of a consumer come from. */
export interface ConsumedQueue {
  readonly settings: QueueArguments;
  /** `consumer` may be able to take messages again. */
  unpark(consumer: Consumer): void;
  /** A consumer got its first unacked message, or settled its last one. Runs per message with a prefetch of 1. */
  consumerBecameBusy(consumer: Consumer): void;
  consumerBecameIdle(consumer: Consumer): void;
  removeConsumer(consumer: Consumer): void;
}

/** The consumers of one priority. Owned by ConsumerSet. */
export interface ConsumerLevel {
  readonly priority: number;
  /** Its consumers, the parked ones too. */
  size: number;
  /** Whose turn it is; undefined when all are parked. */
  front: Consumer | undefined;
}

/**
 * A subscription of a channel to a queue. While it can take no message (prefetch reached, its connection congested) it is
 * parked outside of the queue's ring, so that the queue never looks at it in vain.
 */
export class Consumer {
  readonly target: DeliveryTarget;
  readonly queue: ConsumedQueue;
  readonly consumerTag: string;
  readonly noAck: boolean;
  readonly exclusive: boolean;
  readonly priority: number;
  readonly prefetchCount: number;
  readonly arguments: FieldTable;
  readonly isPassing: boolean;
  /** The consumer tag as a shortstr, ready for basic.deliver. */
  readonly tagBytes: Uint8Array;
  unackedCount = 0;
  /** When it was last found unable to take a message, in core time; negative: never. It still is while it is parked. */
  parkedMs = -1;
  /** Has unacked messages. Owned by its queue, for statistics. */
  isBusy = false;
  cancelled = false;
  /** Owned by ConsumerSet; undefined when it is in none. */
  level: ConsumerLevel | undefined;
  /** Links of the ring, owned by ConsumerSet; undefined while parked. */
  next: Consumer | undefined;
  previous: Consumer | undefined;

  constructor(target: DeliveryTarget, queue: ConsumedQueue, settings: ConsumerSettings) {
    this.target = target;
    this.queue = queue;
    this.consumerTag = settings.consumerTag;
    this.noAck = settings.noAck;
    this.exclusive = settings.exclusive;
    this.priority = settings.priority;
    this.prefetchCount = settings.prefetchCount;
    this.arguments = settings.arguments;
    this.isPassing = settings.isPassing ?? false;
    this.tagBytes = encodeShortstr(settings.consumerTag);
  }

  /** Whether a message may be sent to it now. Runs per delivery. */
  get canTake(): boolean {
    if (!this.target.canDeliver) return false;
    if (this.noAck) return true;
    if (this.prefetchCount !== 0 && this.unackedCount >= this.prefetchCount) return false;
    return this.target.hasGlobalCredit;
  }
}
