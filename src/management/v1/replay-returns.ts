/**
 * Knows the messages of a replay again when they come back to the queue that they were taken from: they failed once more. Nothing is
 * added to a message for that. What it is known by is its message-id, its kind and its body, and that it has died since:
 *
 *     the same message-id and body                          it came back
 *     no message-id, the same body, and more deaths         it came back
 *     no message-id, the same body, and no deaths ever      it came back: whoever failed has published it again
 *     no message-id, the same body, and no more deaths      another message that is alike
 */
import { createHash } from 'node:crypto';
import { type BasicProperties, decodeProperties } from '../../codec/properties.ts';
import type { Broker } from '../../core/broker.ts';
import type { Queue } from '../../core/queue/queue.ts';
import type { BrowsedMessage } from '../../core/queue/queue-browser.ts';
import type { SlicedWork } from '../work-slices.ts';
import { deadLetterOf } from './dead-letter.ts';
import { scanQueue } from './scan-queue.ts';

/** Messages that are remembered, about 50 bytes each: those that were moved last. */
const REMEMBERED_MAX = 10_000;
/** Of a body, beside its length. */
const HASHED_BYTES_MAX = 64 * 1024;
/** Messages in one look: the next one goes on. */
const LOOKED_AT_MAX = 10_000;

/** A message, as far as it is known again. */
interface Trait {
  /** 48 bits of a hash. */
  readonly key: number;
  readonly hasId: boolean;
  readonly deaths: number;
}

export class ReplayReturns {
  readonly #broker: Broker;
  readonly #queue: Queue;
  /** The fewest deaths of those with this key. **Invariant:** in the order in which they were moved last. */
  readonly #deathsOf = new Map<number, number>();
  /** By priority: what was in the queue at the begin lies before it. */
  readonly #oldEnds: readonly number[];
  /** By priority: what was in the queue at the begin, or was looked at, lies before it. */
  readonly #seen: number[];
  /** What the queue had counted when it was looked through to its end. */
  #enqueuedCount: number;

  /** Whatever is in `queue` by now has not come back. */
  constructor(broker: Broker, queue: Queue) {
    this.#broker = broker;
    this.#queue = queue;
    this.#enqueuedCount = queue.enqueuedCount;
    this.#oldEnds = queue
      .browser()
      .ends.reverse()
      .map(({ seq }) => seq);
    this.#seen = [...this.#oldEnds];
  }

  /** Whether a message was in the queue when this began. */
  isOld({ priority, seq }: { readonly priority: number; readonly seq: number }): boolean {
    return seq < (this.#oldEnds[priority] ?? 0);
  }

  /** A message of these properties and body was moved. */
  remember(properties: BasicProperties, body: Uint8Array): void {
    const { key, deaths } = traitOf(properties, body, this.#queue.name);
    const fewest = Math.min(deaths, this.#deathsOf.get(key) ?? deaths);
    this.#deathsOf.delete(key);
    this.#deathsOf.set(key, fewest);
    if (this.#deathsOf.size <= REMEMBERED_MAX) return;
    for (const oldest of this.#deathsOf.keys()) {
      this.#deathsOf.delete(oldest);
      return;
    }
  }

  /** How many have come back since it was asked last. Whoever takes messages from the queue may have taken some of them before. */
  async look(work: SlicedWork): Promise<number> {
    if (this.#queue.deleted || this.#queue.enqueuedCount === this.#enqueuedCount) return 0;
    this.#enqueuedCount = this.#queue.enqueuedCount;
    let count = 0;
    for (let priority = this.#seen.length - 1; priority >= 0; priority--)
      count += await this.#lookInto(priority, work);
    return count;
  }

  async #lookInto(priority: number, work: SlicedWork): Promise<number> {
    let count = 0;
    const from = { priority, seq: this.#seen[priority] as number };
    const { lookedAt } = await scanQueue(this.#broker, this.#queue, from, LOOKED_AT_MAX, work, (message) => {
      if (message.priority !== priority) return false;
      // Another look may have been faster.
      if (message.seq < (this.#seen[priority] as number)) return true;
      this.#seen[priority] = message.seq + 1;
      if (this.#isKnown(message)) count++;
      return true;
    });
    if (lookedAt >= LOOKED_AT_MAX) this.#enqueuedCount = -1;
    return count;
  }

  #isKnown({ record }: BrowsedMessage): boolean {
    const { bytes, addressEnd, bodyStart, bodyEnd } = record;
    const properties = decodeProperties(bytes, addressEnd, bodyStart);
    const trait = traitOf(properties, bytes.subarray(bodyStart, bodyEnd), this.#queue.name);
    const before = this.#deathsOf.get(trait.key);
    if (before === undefined) return false;
    return trait.hasId || trait.deaths > before || trait.deaths === 0;
  }
}

function traitOf(
  { messageId = '', type = '', headers }: BasicProperties,
  body: Uint8Array,
  source: string,
): Trait {
  const hash = createHash('sha1').update(JSON.stringify([messageId, type, body.length]));
  hash.update(body.subarray(0, HASHED_BYTES_MAX));
  return {
    key: hash.digest().readUIntBE(0, 6),
    hasId: messageId !== '',
    deaths: deadLetterOf(headers, source).deaths,
  };
}
