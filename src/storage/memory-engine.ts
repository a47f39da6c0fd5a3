import type { LogEngine } from './log-engine.ts';
import type { LogPage } from './log-page.ts';

/**
 * Keeps nothing: the pages in memory are all there is. What is appended is as durable as it will ever be, at once, and
 * gone with the process.
 */
export class MemoryEngine implements LogEngine {
  readonly survives = false;
  readonly blockHeaderBytes = 0;
  readonly storedBytes = 0;
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

  /** A replay would hand out nothing. */
  get oldestBlock(): number {
    return this.#blocks + 1;
  }

  async replay(): Promise<void> {}

  canLoad(): boolean {
    return false;
  }

  makeLoadable(): boolean {
    return false;
  }

  load(page: LogPage): Promise<void> {
    return Promise.reject(nothingStored(page));
  }

  loadNow(page: LogPage): void {
    throw nothingStored(page);
  }

  drop(): void {}

  async close(): Promise<void> {}
}

function nothingStored(page: LogPage): Error {
  return new Error(`memory engine: page ${page.number} was evicted, but is stored nowhere else`);
}
