/** Things that arrive one by one, such as deliveries, for a test that waits until enough of them are there. */
export class Arrivals<T> {
  readonly items: T[] = [];
  #wake: () => void = () => undefined;

  push(item: T): void {
    this.items.push(item);
    this.#wake();
  }

  /** Removes and returns the first `count` items once so many have arrived; throws after `timeoutMs`. */
  async take(count: number, timeoutMs = 15_000): Promise<T[]> {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.#wake();
    }, timeoutMs);
    while (this.items.length < count && !late) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    clearTimeout(timer);
    if (this.items.length < count) {
      throw new Error(
        `${this.items.length} of ${count} items arrived within ${timeoutMs} ms: ${String(this.items)}`,
      );
    }
    return this.items.splice(0, count);
  }
}
