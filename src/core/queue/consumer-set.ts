import type { Consumer, ConsumerLevel } from './consumer.ts';

/**
 * The consumers of a queue, and whose turn it is. Each priority has a ring of the consumers that may be able to take a
 * message; a parked one is in no ring.
 *
 *     priority 10:   c1 -> c4 -> c1      served first, in turn
 *     priority  0:   c2 -> c3 -> c2      served when no consumer above can take
 *     parked:        c5
 */
export class ConsumerSet {
  /** By priority; each has a consumer at least, parked or not. */
  readonly #levels = new Map<number, ConsumerLevel>();
  /** Those with a consumer that is not parked, highest priority first. */
  readonly #served: ConsumerLevel[] = [];
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
    const level = this.#level(consumer.priority);
    level.size++;
    consumer.level = level;
    this.unpark(consumer);
  }

  remove(consumer: Consumer): void {
    const { level } = consumer;
    if (level === undefined || !this.#all.delete(consumer)) return;
    this.park(consumer);
    consumer.level = undefined;
    level.size--;
    if (level.size === 0) this.#levels.delete(level.priority);
  }

  /** The consumer whose turn it is, or undefined when all are parked. Runs per delivery. */
  take(): Consumer | undefined {
    if (this.#served.length === 0) return undefined;
    const level = this.#served[0] as ConsumerLevel;
    const consumer = level.front as Consumer;
    level.front = consumer.next;
    return consumer;
  }

  /** It is the turn of `consumer`, which was taken last, again: it got nothing. */
  putBack(consumer: Consumer): void {
    if (consumer.level !== undefined) consumer.level.front = consumer;
  }

  /** Takes `consumer` out of its ring until `unpark`. */
  park(consumer: Consumer): void {
    const { level, next, previous } = consumer;
    if (level === undefined || next === undefined || previous === undefined) return;
    if (next === consumer) {
      level.front = undefined;
      this.#leaveServed(level);
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
    const { level } = consumer;
    if (consumer.next !== undefined || level === undefined) return false;
    const front = level.front;
    if (front === undefined) {
      consumer.next = consumer;
      consumer.previous = consumer;
      level.front = consumer;
      this.#joinServed(level);
      return true;
    }
    const last = front.previous as Consumer;
    consumer.previous = last;
    consumer.next = front;
    last.next = consumer;
    front.previous = consumer;
    return true;
  }

  #level(priority: number): ConsumerLevel {
    let level = this.#levels.get(priority);
    if (level === undefined) {
      level = { priority, size: 0, front: undefined };
      this.#levels.set(priority, level);
    }
    return level;
  }

  // A consumer with a prefetch of 1 comes and goes with every message: nothing is allocated here.

  #joinServed(level: ConsumerLevel): void {
    const served = this.#served;
    let index = served.length;
    served.push(level);
    for (; index > 0 && (served[index - 1] as ConsumerLevel).priority < level.priority; index--) {
      served[index] = served[index - 1] as ConsumerLevel;
    }
    served[index] = level;
  }

  #leaveServed(level: ConsumerLevel): void {
    const served = this.#served;
    for (let index = served.indexOf(level); index < served.length - 1; index++) {
      served[index] = served[index + 1] as ConsumerLevel;
    }
    served.pop();
  }
}
