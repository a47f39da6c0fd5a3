import { showDeliveryCount } from '../message/delivery-count.ts';
import { Publication } from '../message/publication.ts';
import type { Lane, LaneOwner } from '../queue/lane.ts';
import type { GetOutcome, GetTarget, Queue } from '../queue/queue.ts';
import type { Runtime } from '../runtime.ts';
import type { TraceOrigin } from '../vhost/tracer.ts';
import type { Session } from './session.ts';

export interface GottenMessage {
  /** With bytes of its own. */
  readonly publication: Publication;
  readonly redelivered: boolean;
  /** Ready messages that were left in the queue. */
  readonly messageCount: number;
}

interface Outstanding {
  readonly lane: Lane;
  readonly seq: number;
}

/**
 * What somebody without a channel takes from a queue with basic.get, one after the other, and settles all at once. Whoever makes
 * one has to settle it: until then nobody else gets the messages.
 */
export class GottenMessages implements GetTarget {
  readonly messages: GottenMessage[] = [];
  /** Of all bodies together. */
  bodyBytes = 0;
  readonly #runtime: Runtime;
  readonly #session: Session;
  readonly #queue: Queue;
  readonly #origin: TraceOrigin;
  #outstanding: Outstanding[] = [];

  /** `queue`: one that the user may read. `origin`: who takes them, for a trace. */
  constructor(runtime: Runtime, session: Session, queue: Queue, origin: TraceOrigin) {
    this.#runtime = runtime;
    this.#session = session;
    this.#queue = queue;
    this.#origin = origin;
  }

  /** Takes the next message, if there is one. */
  getNext(): GetOutcome {
    return this.#queue.deleted ? 'empty' : this.#queue.get(this, false);
  }

  deliverGet(lane: Lane, seq: number, redelivered: boolean): void {
    const publication = this.#publicationOf(lane, seq);
    this.#outstanding.push({ lane, seq });
    this.bodyBytes += publication.bodyEnd - publication.bodyStart;
    this.messages.push({ publication, redelivered, messageCount: this.#queue.readyCount });
    this.#session.vhost.tracer?.delivered(this.#queue.name, publication, redelivered, this.#origin);
  }

  /** Ends all that is outstanding: acked, dead-lettered or dropped, or back in its place. */
  settle(settlement: 'ack' | 'reject' | 'requeue'): void {
    const outstanding = this.#outstanding;
    this.#outstanding = [];
    for (const { lane, seq } of outstanding) {
      const owner = lane.owner as LaneOwner;
      if (settlement === 'ack') owner.acknowledge(lane, seq);
      else if (settlement === 'reject') owner.reject(lane, seq);
      else owner.requeue(lane, seq, 'returned');
    }
    this.#runtime.requestTurn();
  }

  /** With the header x-delivery-count where the queue shows it, as basic.get has it. */
  #publicationOf(lane: Lane, seq: number): Publication {
    const publication = Publication.fromRecord(this.#runtime.readRecord(lane.position(seq)));
    const returnCount = lane.returnCount(seq);
    if (returnCount > 0 && lane.owner?.showsDeliveryCount === true)
      showDeliveryCount(publication, returnCount);
    return publication;
  }
}
