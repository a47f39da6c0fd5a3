/**
 * How long the consumers of a queue were there, and how long they were busy, summed over the consumers. A consumer is busy
 * while it has a message that it has not settled.
 */
export class ConsumerTime {
  busyCount = 0;
  consumerCount = 0;
  #busyMs = 0;
  #capacityMs = 0;
  #sinceMs = 0;

  busyMs(nowMs: number): number {
    return this.#busyMs + this.busyCount * (nowMs - this.#sinceMs);
  }

  capacityMs(nowMs: number): number {
    return this.#capacityMs + this.consumerCount * (nowMs - this.#sinceMs);
  }

  /** So many more are there, or fewer. */
  addConsumers(count: number, nowMs: number): void {
    this.#advance(nowMs);
    this.consumerCount += count;
  }

  /** So many more are busy, or fewer. With a prefetch of 1 it runs twice per message. */
  addBusy(count: number, nowMs: number): void {
    this.#advance(nowMs);
    this.busyCount += count;
  }

  #advance(nowMs: number): void {
    const elapsedMs = nowMs - this.#sinceMs;
    if (elapsedMs === 0) return;
    this.#busyMs += this.busyCount * elapsedMs;
    this.#capacityMs += this.consumerCount * elapsedMs;
    this.#sinceMs = nowMs;
  }
}
