import type { LogEngine } from './log-engine.ts';

/** Keeps nothing but the pages in memory: what is appended is as durable as it will ever be, at once. */
export class MemoryEngine implements LogEngine {
  onDurable: () => void = () => {};
  #blocks = 0;

  append(): number {
    return ++this.#blocks;
  }

  get lastBlock(): number {
    return this.#blocks;
  }

  get durableBlock(): number {
    return this.#blocks;
  }
}
