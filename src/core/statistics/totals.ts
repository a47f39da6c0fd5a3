import { MessageCounters } from './message-counters.ts';

/** A queue, as far as statistics need it. */
export interface CountedQueue {
  readonly counters: MessageCounters;
  readonly readyCount: number;
  readonly unackedCount: number;
  /** Ready, unacked, or held for a delayed retry. */
  readonly messageCount: number;
  /** Messages that ever came in, with those that an earlier run left. */
  readonly enqueuedCount: number;
  /** Of those, the ones that an earlier run left. */
  readonly restoredCount: number;
  readonly consumerCount: number;
}

/** The numbers of several queues and exchanges together. Those that are gone stay in them: they only grow, but for the levels. */
export class Totals {
  readonly counters: MessageCounters = new MessageCounters();
  readyCount = 0;
  unackedCount = 0;
  enqueuedCount = 0;
  settledCount = 0;
  restoredCount = 0;
  consumerCount = 0;

  /** `queue` may be gone, and empty. */
  addQueue(queue: CountedQueue): void {
    this.counters.addDeliveries(queue.counters);
    const enqueued = queue.enqueuedCount;
    this.readyCount += queue.readyCount;
    this.unackedCount += queue.unackedCount;
    this.enqueuedCount += enqueued;
    this.settledCount += enqueued - queue.messageCount;
    this.restoredCount += queue.restoredCount;
    this.consumerCount += queue.consumerCount;
  }

  add(other: Totals): void {
    this.counters.add(other.counters);
    this.readyCount += other.readyCount;
    this.unackedCount += other.unackedCount;
    this.enqueuedCount += other.enqueuedCount;
    this.settledCount += other.settledCount;
    this.restoredCount += other.restoredCount;
    this.consumerCount += other.consumerCount;
  }
}
