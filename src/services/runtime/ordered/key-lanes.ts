import type { IncomingDelivery } from '../../../client/incoming-delivery.ts';

/** What messages of a lane are handled by. Never rejects. */
export type LaneHandler = (delivery: IncomingDelivery, key: string) => Promise<void>;

/**
 * A lane for each key that has messages here: they are handled one after the other, in their order. What was lost with its
 * connection is passed over; while it is being handled, nothing else of its key begins.
 */
export class KeyLanes {
  readonly #handle: LaneHandler;
  /** What waits behind the one that is handled. **Invariant:** a key is in it exactly while one of its messages is handled. */
  readonly #lanes: Map<string, IncomingDelivery[]> = new Map();
  #isEnded = false;

  constructor(handle: LaneHandler) {
    this.#handle = handle;
  }

  get laneCount(): number {
    return this.#lanes.size;
  }

  push(key: string, delivery: IncomingDelivery): void {
    if (this.#isEnded) return;
    const lane = this.#lanes.get(key);
    if (lane === undefined) void this.#work(key, delivery);
    else lane.push(delivery);
  }

  /** Nothing follows. What waits is dropped: it goes back to the queue with the channel that it came on. */
  end(): void {
    this.#isEnded = true;
    for (const lane of this.#lanes.values()) lane.length = 0;
  }

  async #work(key: string, first: IncomingDelivery): Promise<void> {
    const lane: IncomingDelivery[] = [];
    this.#lanes.set(key, lane);
    for (let next: IncomingDelivery | undefined = first; next !== undefined; next = lane.shift()) {
      if (!next.isLost) await this.#handle(next, key);
    }
    this.#lanes.delete(key);
  }
}
