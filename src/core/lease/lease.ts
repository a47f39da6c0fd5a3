import type { Deadline } from '../deadlines.ts';
import type { Publication } from '../message/publication.ts';
import type { Consumer } from '../queue/consumer.ts';
import type { Lane } from '../queue/lane.ts';
import type { Queue } from '../queue/queue.ts';

/** One message that somebody without a channel has taken, until a time. */
export interface Lease {
  /** Random: who knows it, and is the one who took the message, may settle it. */
  readonly id: string;
  readonly username: string;
  readonly queue: Queue;
  readonly lane: Lane;
  readonly seq: number;
  /** Who took the message: it has one credit less while the lease lasts. */
  readonly consumer: Consumer;
  /** `deadline.atMs` is when the lease ends, in core time. */
  readonly deadline: Deadline;
}

/** A message under a lease, as it is handed out. Times are core time. */
export interface LeasedMessage {
  readonly leaseId: string;
  /** When the lease ends. */
  readonly dueMs: number;
  readonly redelivered: boolean;
  /** How often it came back, where its queue counts that; otherwise 0. */
  readonly returnCount: number;
  /** When it came to the queue. */
  readonly arrivalMs: number;
  /** With bytes of its own. */
  readonly publication: Publication;
}
