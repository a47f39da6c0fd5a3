import type { HandlerObserver } from '../client/consumer-registry.ts';

/** Counts the handlers of in-process consumers that have begun and not ended. */
export class HandlersUnderWay implements HandlerObserver {
  #count = 0;
  #waiting: (() => void)[] = [];

  get count(): number {
    return this.#count;
  }

  handlerBegan(): void {
    this.#count += 1;
  }

  handlerEnded(): void {
    this.#count -= 1;
    if (this.#count === 0) {
      for (const resolve of this.#waiting.splice(0)) {
        resolve();
      }
    }
  }

  /** Resolves when none is under way. */
  none(): Promise<void> {
    return this.#count === 0 ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve));
  }
}
