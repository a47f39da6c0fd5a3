import type { LogEngine } from '../../src/storage/log-engine.ts';

/** An engine whose blocks are durable when the test says so, as if it waited for a disk. */
export class SlowEngine implements LogEngine {
  onDurable: () => void = () => {};
  #lastBlock = 0;
  #durableBlock = 0;

  append(): number {
    return ++this.#lastBlock;
  }

  get lastBlock(): number {
    return this.#lastBlock;
  }

  get durableBlock(): number {
    return this.#durableBlock;
  }

  /** The blocks up to `block` become durable: all of them unless given. */
  complete(block: number = this.#lastBlock): void {
    if (block <= this.#durableBlock) return;
    this.#durableBlock = block;
    this.onDurable();
  }
}
