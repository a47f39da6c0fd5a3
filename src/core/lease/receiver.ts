import { resourceText } from '../arguments/equivalence.ts';
import type { Deadline } from '../deadlines.ts';
import { accessRefused } from '../failures.ts';
import type { MessageRecord } from '../message/message-record.ts';
import { Consumer, type DeliveryTarget } from '../queue/consumer.ts';
import type { Lane } from '../queue/lane.ts';
import type { Queue } from '../queue/queue.ts';
import type { Runtime } from '../runtime.ts';
import type { LeasedMessage } from './lease.ts';
import type { Leases } from './leases.ts';

/** How long a receiver that does not want to wait gives a message that is on its way from the disk, in all. */
const READING_MS_MAX = 2_000;
/** How often it looks whether it has come. */
const READING_LOOK_MS = 20;
const TAG_LENGTH = 22;

/** Why no more messages come. */
export type ReceiverEnd = 'time over' | 'queue deleted' | 'stopped';

export interface ReceiverSettings {
  readonly username: string;
  /** Most messages that it has under a lease at a time. */
  readonly credit: number;
  readonly leaseMs: number;
  /** How long to wait for a first message; undefined: a stream, which goes on until it is cancelled. */
  readonly waitMs: number | undefined;
}

/** Who wants the messages. */
export interface ReceiverListener {
  onMessage(message: LeasedMessage): void;
  /** Called once, unless the receiver is cancelled. */
  onEnd(end: ReceiverEnd): void;
}

/**
 * A consumer of a queue without a channel, whose messages are leased. It is one among the queue's other consumers: fairness,
 * priorities, single active consumer, expiry and what may be delivered hold for it as for them.
 */
export class Receiver implements DeliveryTarget {
  readonly #runtime: Runtime;
  readonly #leases: Leases;
  readonly #queue: Queue;
  readonly #settings: ReceiverSettings;
  readonly #listener: ReceiverListener;
  readonly #consumer: Consumer;
  readonly #waitOver: Deadline;
  /** Until when it looks for a message that is on its way. */
  #readingEndMs = 0;
  #isOpen = true;
  #isPaused = false;

  /** Throws ChannelError 403 when a consumer has the queue for itself. */
  constructor(
    runtime: Runtime,
    leases: Leases,
    queue: Queue,
    settings: ReceiverSettings,
    listener: ReceiverListener,
  ) {
    requireShared(queue);
    this.#runtime = runtime;
    this.#leases = leases;
    this.#queue = queue;
    this.#settings = settings;
    this.#listener = listener;
    this.#waitOver = runtime.makeDeadline((nowMs) => this.#onWaitOver(nowMs));
    this.#consumer = new Consumer(this, queue, {
      consumerTag: `http-${runtime.randomName(TAG_LENGTH)}`,
      noAck: false,
      exclusive: false,
      priority: 0,
      prefetchCount: settings.credit,
      arguments: new Map(),
      isPassing: settings.waitMs !== undefined,
    });
    leases.addReceiver(this);
    this.#beginWaiting();
    queue.addConsumer(this.#consumer);
  }

  get consumerTag(): string {
    return this.#consumer.consumerTag;
  }

  get username(): string {
    return this.#settings.username;
  }

  /** Whether it can take anything now. Runs per delivery. */
  get canDeliver(): boolean {
    return this.#isOpen && !this.#isPaused && this.#leases.hasRoom;
  }

  readonly hasGlobalCredit = true;

  deliver(consumer: Consumer, lane: Lane, seq: number, redelivered: boolean, record: MessageRecord): void {
    this.#runtime.deadlines.clear(this.#waitOver);
    this.#listener.onMessage(
      this.#leases.take(this.#queue, consumer, lane, seq, redelivered, record, this.#settings),
    );
  }

  onQueueDeleted(): void {
    this.#end('queue deleted');
  }

  /** Nothing is delivered until `resume`: the reader is slow. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.unpark();
  }

  unpark(): void {
    if (this.#isOpen) this.#queue.unpark(this.#consumer);
  }

  stop(): void {
    this.#end('stopped');
  }

  /** Nothing more is delivered. What is leased stays leased. */
  cancel(): void {
    if (this.#isOpen) this.#close();
  }

  #beginWaiting(): void {
    const { waitMs } = this.#settings;
    if (waitMs === undefined) return;
    const nowMs = this.#runtime.now();
    this.#readingEndMs = nowMs + waitMs + READING_MS_MAX;
    // Not earlier than the turn after the next: the queue is looked at in between.
    this.#runtime.deadlines.set(this.#waitOver, nowMs + Math.max(1, waitMs));
  }

  /** There may be a message that is not in memory: it is on its way, and nobody would understand why none came. */
  #onWaitOver(nowMs: number): void {
    if (this.#queue.isDeliveryPending && nowMs < this.#readingEndMs)
      this.#runtime.deadlines.set(this.#waitOver, nowMs + READING_LOOK_MS);
    else this.#end('time over');
  }

  #end(end: ReceiverEnd): void {
    if (!this.#isOpen) return;
    this.#close();
    this.#listener.onEnd(end);
  }

  #close(): void {
    this.#isOpen = false;
    this.#runtime.deadlines.clear(this.#waitOver);
    this.#leases.removeReceiver(this);
    this.#consumer.cancelled = true;
    this.#queue.removeConsumer(this.#consumer);
  }
}

/** amqp basic.consume "exclusive": 403 */
function requireShared(queue: Queue): void {
  if (!queue.hasExclusiveConsumer) return;
  const resource = resourceText({ kind: 'queue', name: queue.name, vhost: queue.vhost.name });
  throw accessRefused(`${resource} in exclusive use`);
}
