/**
 * Messages that were taken by somebody without a channel, over HTTP: each is unacked under a lease, which has a name and an
 * end.
 *
 *                       deliver                        ack, reject, retry
 *     ready in queue ------------> leased, until its --------------------> settled, or held until its retry
 *           ^                      deadline (extend)
 *           |                          |
 *           +--------------------------+  the lease runs out: as when a consumer's connection breaks
 *
 * Leases live in memory. After a restart the messages are ready again, redelivered, as with a connection that was lost.
 */
import type { MessageRecord } from '../message/message-record.ts';
import { Publication } from '../message/publication.ts';
import type { SettlementResult } from '../outcome/settlement-result.ts';
import type { Consumer } from '../queue/consumer.ts';
import type { Lane } from '../queue/lane.ts';
import type { MessageHolder, Queue } from '../queue/queue.ts';
import type { Runtime } from '../runtime.ts';
import type { Lease, LeasedMessage } from './lease.ts';

/** Leases of a broker: about 300 bytes each. Who has so many does not settle. */
export const LEASES_MAX = 100_000;
/** Receivers that wait or stream at a time. */
export const RECEIVERS_MAX = 10_000;
/** 132 bits: nobody guesses the lease of another one. */
const LEASE_ID_LENGTH = 22;

/** Who waits for messages, as far as the table has to call it. */
interface WaitingReceiver {
  readonly username: string;
  unpark(): void;
  stop(): void;
}

export class Leases implements MessageHolder {
  readonly #runtime: Runtime;
  readonly #byId = new Map<string, Lease>();
  readonly #byQueue = new Map<Queue, Set<Lease>>();
  readonly #receivers = new Set<WaitingReceiver>();

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  get count(): number {
    return this.#byId.size;
  }

  /** Looks at all leases. */
  countOf(queue: Queue): number {
    let count = 0;
    for (const lease of this.#byId.values()) if (lease.queue === queue) count++;
    return count;
  }

  get receiverCount(): number {
    return this.#receivers.size;
  }

  /** Whether one more message may be taken. Runs per delivery. */
  get hasRoom(): boolean {
    return this.#byId.size < LEASES_MAX;
  }

  get hasRoomForReceiver(): boolean {
    return this.#receivers.size < RECEIVERS_MAX;
  }

  addReceiver(receiver: WaitingReceiver): void {
    this.#receivers.add(receiver);
  }

  removeReceiver(receiver: WaitingReceiver): void {
    this.#receivers.delete(receiver);
  }

  /** Nobody receives any more: whoever serves them stops. Leases go on. */
  stopReceivers(): void {
    for (const receiver of [...this.#receivers]) receiver.stop();
  }

  /** The queue has just handed message `seq` of `lane` to `consumer`; `record` is valid during the call. */
  take(
    queue: Queue,
    consumer: Consumer,
    lane: Lane,
    seq: number,
    redelivered: boolean,
    record: MessageRecord,
    { username, leaseMs }: { readonly username: string; readonly leaseMs: number },
  ): LeasedMessage {
    const runtime = this.#runtime;
    const id = runtime.randomName(LEASE_ID_LENGTH);
    const deadline = runtime.makeDeadline(() => this.giveUp(id));
    this.#add({ id, username, queue, lane, seq, consumer, deadline });
    consumer.unackedCount++;
    if (!consumer.isBusy) consumer.queue.consumerBecameBusy(consumer);
    runtime.deadlines.set(deadline, runtime.now() + leaseMs);
    return {
      leaseId: id,
      dueMs: deadline.atMs,
      redelivered,
      returnCount: lane.returnCount(seq),
      arrivalMs: record.arrivalMs,
      publication: Publication.fromRecord(record),
    };
  }

  /** The lease of this name, if `username` took it from `queue`; undefined when it is over, or was somebody else's. */
  find(id: string, username: string, queue: Queue): Lease | undefined {
    const lease = this.#byId.get(id);
    return lease !== undefined && lease.username === username && lease.queue === queue ? lease : undefined;
  }

  /** The lease lasts `leaseMs` from now on. Returns until when, in core time. */
  extend({ deadline }: Lease, leaseMs: number): number {
    this.#runtime.deadlines.set(deadline, this.#runtime.now() + leaseMs);
    return deadline.atMs;
  }

  /** The message is done; `result`: what came of it. */
  acknowledge(lease: Lease, result?: SettlementResult): void {
    this.#end(lease);
    lease.queue.acknowledge(lease.lane, lease.seq, result);
  }

  /** The message is given up: it goes to the dead-letter exchange, if its queue has one. */
  reject(lease: Lease, result?: SettlementResult): void {
    this.#end(lease);
    lease.queue.reject(lease.lane, lease.seq, result);
  }

  /** The message is to be delivered again: after `delayMs`, or as the queue says when that is undefined. */
  retry(lease: Lease, delayMs: number | undefined): void {
    this.#end(lease);
    lease.queue.requeue(lease.lane, lease.seq, 'returned', delayMs);
  }

  /** Whoever took the message is not there any more. */
  giveUp(id: string): void {
    const lease = this.#byId.get(id);
    if (lease !== undefined) this.#abandon(lease);
  }

  /** The message is back as if its consumer's connection had been lost. */
  #abandon(lease: Lease): void {
    this.#end(lease);
    lease.queue.requeue(lease.lane, lease.seq, 'failed');
  }

  /** The user is gone: it receives no more, and what it took comes back in the next turns. */
  abandonAllOf(username: string): void {
    for (const receiver of [...this.#receivers]) if (receiver.username === username) receiver.stop();
    for (const lease of this.#byId.values()) if (lease.username === username) this.extend(lease, 0);
  }

  /** There is nothing to settle any more: the leases end in the next turns, and give their room to others. */
  onQueueGone(queue: Queue): void {
    for (const lease of this.#byQueue.get(queue) ?? []) this.extend(lease, 0);
  }

  #add(lease: Lease): void {
    const { id, queue } = lease;
    this.#byId.set(id, lease);
    const others = this.#byQueue.get(queue);
    if (others !== undefined) {
      others.add(lease);
      return;
    }
    this.#byQueue.set(queue, new Set([lease]));
    queue.setHolder(this);
  }

  #remove(lease: Lease): void {
    const { id, queue } = lease;
    this.#byId.delete(id);
    const others = this.#byQueue.get(queue);
    others?.delete(lease);
    if (others?.size === 0) this.#byQueue.delete(queue);
  }

  #end(lease: Lease): void {
    const { deadline, consumer } = lease;
    const wasFull = !this.hasRoom;
    this.#remove(lease);
    this.#runtime.deadlines.clear(deadline);
    consumer.unackedCount--;
    if (consumer.unackedCount === 0) consumer.queue.consumerBecameIdle(consumer);
    if (wasFull) for (const receiver of this.#receivers) receiver.unpark();
    else if (!consumer.cancelled) consumer.queue.unpark(consumer);
  }
}
