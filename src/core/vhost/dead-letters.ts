import { carbonCopies, withoutCc } from '../message/copies.ts';
import { type DeathReason, withDeath } from '../message/death-headers.ts';
import { Publication } from '../message/publication.ts';
import type { Queue } from '../queue/queue.ts';
import type { Runtime } from '../runtime.ts';

/**
 * The way of messages from their queue to its dead-letter exchange. A dead letter may push another message out of the
 * next queue, and so on: they are published one after the other here and not one inside the other, so that a long chain
 * of queues needs no deep stack.
 */
export class DeadLetters {
  readonly #runtime: Runtime;
  readonly #publish: (dead: Publication) => void;
  readonly #waiting: Publication[] = [];
  #publishing = false;

  constructor(runtime: Runtime, publish: (dead: Publication) => void) {
    this.#runtime = runtime;
    this.#publish = publish;
  }

  /** `publication` died in `queue`, which has a dead-letter exchange. */
  publish(queue: Queue, publication: Publication, reason: DeathReason): void {
    this.#waiting.push(this.#dead(queue, publication, reason));
    if (this.#publishing) return;
    this.#publishing = true;
    try {
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift())
        this.#publish(next);
    } finally {
      this.#publishing = false;
    }
  }

  /** The message as it goes to the dead-letter exchange: with its history in the headers. */
  #dead(queue: Queue, publication: Publication, reason: DeathReason): Publication {
    const { deadLetterExchange = '', deadLetterRoutingKey } = queue.settings;
    const headers = publication.headers();
    const cc = headers === undefined ? [] : carbonCopies(headers).cc;
    const properties = withDeath(publication.properties(), {
      queue: queue.name,
      reason,
      timeSeconds: this.#runtime.wallSeconds(),
      exchange: publication.exchange,
      routingKeys: [publication.routingKey, ...cc],
    });
    const dead = Publication.of(
      deadLetterExchange,
      deadLetterRoutingKey ?? publication.routingKey,
      deadLetterRoutingKey === undefined ? properties : withoutCc(properties),
      publication.body.subarray(publication.bodyStart, publication.bodyEnd),
    );
    dead.mayRepeat = true;
    return dead;
  }
}
