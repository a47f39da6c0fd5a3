import type { Consumer } from './consumer.ts';

/**
 * The consumers of a queue, and whose turn it is. Each priority has a ring of the consumers that may be able to take a
 * message; a parked one is in no ring.
 *
 *     priority 10:   c1 -> c4 -> c1      served first, in turn
 *     priority  0:   c2 -> c3 -> c2      served when no consumer above can take
 *     parked:        c5
 */
export class ConsumerSet {
  /** Highest priority first; each has a consumer at least, parked or not. */
  readonly #levels: Level[] = [];
  readonly #all = new Set<Consumer>();

  get size(): number {
    return this.#all.size;
  }

  /** In the order in which they came. */
  [Symbol.iterator](): Iterator<Consumer> {
    return this.#all.values();
  }

  /** The one that came first. */
  get first(): Consumer | undefined {
    return this.#all.values().next().value;
  }

  add(consumer: Consumer): void {
    this.#all.add(consumer);
    this.#level(consumer.priority).size++;
    this.unpark(consumer);
  }

  remove(consumer: Consumer): void {
    if (!this.#all.delete(consumer)) return;
    this.park(consumer);
    const level = this.#level(consumer.priority);
    level.size--;
    if (level.size === 0) this.#levels.splice(this.#levels.indexOf(level), 1);
  }

  /** The consumer whose turn it is, or undefined when all are parked. Runs per delivery. */
  take(): Consumer | undefined {
    for (let index = 0; index < this.#levels.length; index++) {
      const level = this.#levels[index] as Level;
      const consumer = level.front;
      if (consumer !== undefined) {
        level.front = consumer.next;
        return consumer;
      }
    }
    return undefined;
  }

  /** Takes `consumer` out of its ring until `unpark`. */
  park(consumer: Consumer): void {
    const { next, previous } = consumer;
    if (next === undefined || previous === undefined) return;
    const level = this.#level(consumer.priority);
    if (next === consumer) {
      level.front = undefined;
    } else {
      next.previous = previous;
      previous.next = next;
      if (level.front === consumer) level.front = next;
    }
    consumer.next = undefined;
    consumer.previous = undefined;
  }

  /** Puts `consumer` at the end of its ring. Returns false when it was there already. */
  unpark(consumer: Consumer): boolean {
    if (consumer.next !== undefined || !this.#all.has(consumer)) return false;
    const level = this.#level(consumer.priority);
    const front = level.front;
    if (front === undefined) {
      consumer.next = consumer;
      consumer.previous = consumer;
      level.front = consumer;
      return true;
    }
    const last = front.previous as Consumer;
    consumer.previous = last;
    consumer.next = front;
    last.next = consumer;
    front.previous = consumer;
    return true;
  }

  #level(priority: number): Level {
    let index = 0;
    for (; index < this.#levels.length; index++) {
      const level = this.#levels[index] as Level;
      if (level.priority === priority) return level;
      if (level.priority < priority) break;
    }
    const added: Level = { priority, size: 0, front: undefined };
    this.#levels.splice(index, 0, added);
    return added;
  }
}

interface Level {
  readonly priority: number;
  /** Consumers of this priority, the parked ones too. */
  size: number;
  /** Whose turn it is; undefined when all are parked. */
  front: Consumer | undefined;
}
