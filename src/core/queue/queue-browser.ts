/**
 * Looks at the ready messages of a queue in the order in which they would be delivered, and changes nothing. It goes on from any
 * place, in pieces: between two of them the queue may be another one, and a message that was seen may be gone.
 *
 *     priority 2:  returned, ascending -> never delivered, ascending
 *     priority 1:  returned ...
 */
import type { MessageRecord } from '../message/message-record.ts';
import type { Runtime } from '../runtime.ts';
import type { Lane } from './lane.ts';

/** A place in a queue: the next message to look at is this one, or the first behind it. */
export interface BrowsePlace {
  readonly priority: number;
  readonly seq: number;
}

export interface BrowsedMessage extends BrowsePlace {
  readonly redelivered: boolean;
  readonly returnCount: number;
  /** Valid during the call. */
  readonly record: MessageRecord;
}

export interface BrowseResult {
  /** Where to go on; undefined at the end of the queue. */
  readonly next: BrowsePlace | undefined;
  /** The page of the message at `next` is not in memory: have this position fetched, and go on then. */
  readonly fetchPosition: number | undefined;
}

/** Returned messages that are sorted out at a time: finding the next ones costs a walk over all of them. */
const RETURNED_AT_ONCE = 1024;

export class QueueBrowser {
  readonly #runtime: Runtime;
  readonly #lanes: readonly Lane[];

  /** `lanes`: of the queue, by priority. */
  constructor(runtime: Runtime, lanes: readonly Lane[]) {
    this.#runtime = runtime;
    this.#lanes = lanes;
  }

  /** Where the queue begins. */
  get start(): BrowsePlace {
    return { priority: this.#lanes.length - 1, seq: 0 };
  }

  /** Where the next messages will be that come to the queue: a place for each priority, the highest one first. */
  get ends(): BrowsePlace[] {
    return this.#lanes.map(({ nextSeq }, priority) => ({ priority, seq: nextSeq })).reverse();
  }

  /**
   * Shows messages from `from` on, until `visit` returns false, `countMax` places were looked at, or one has to be fetched.
   */
  browse(from: BrowsePlace, countMax: number, visit: (message: BrowsedMessage) => boolean): BrowseResult {
    let { priority, seq } = from;
    let left = countMax;
    for (; priority >= 0; priority--, seq = 0) {
      const lane = this.#lanes[priority];
      if (lane === undefined || lane.readyCount === 0) continue;
      for (;;) {
        if (left <= 0) return { next: { priority, seq }, fetchPosition: undefined };
        const places = lane.readyFrom(seq, Math.min(left, RETURNED_AT_ONCE));
        if (places.length === 0) break;
        left -= places.length;
        for (const place of places) {
          const position = lane.position(place);
          const record = this.#runtime.readResident(position);
          if (record === undefined) return { next: { priority, seq: place }, fetchPosition: position };
          const redelivered = place < lane.cursor;
          const returnCount = lane.returnCount(place);
          seq = place + 1;
          if (!visit({ priority, seq: place, redelivered, returnCount, record }))
            return { next: { priority, seq }, fetchPosition: undefined };
        }
      }
    }
    return { next: undefined, fetchPosition: undefined };
  }
}
