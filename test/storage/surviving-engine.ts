import type { LogEngine, ReplayReceiver } from '../../src/storage/log-engine.ts';
import type { LogPage } from '../../src/storage/log-page.ts';

const HEADER_BYTES = 8;
const KIND_BLOCK = 15 << 4;

interface KeptPage {
  bytes: Uint8Array;
  readonly firstBlock: number;
  lastBlock: number;
}

/**
 * An engine that keeps what it was given in this process, for a log that is opened again on `reopened()`. Blocks are durable
 * at once, or when the test says so; `reopened()` has only those that are.
 */
export class SurvivingEngine implements LogEngine {
  readonly survives = true;
  readonly blockHeaderBytes = HEADER_BYTES;
  onDurable: () => void = () => {};
  /** Set: blocks become durable by `complete` only. */
  isSlow = false;
  lastBlock = 0;
  durableBlock = 0;
  /** How often a page was read back, at once or in the background. */
  loads = 0;
  readonly #pages = new Map<LogPage | object, KeptPage>();
  #held: { readonly block: number; readonly keep: () => void }[] = [];

  append(page: LogPage, start: number, end: number): number {
    page.view.setUint32(start, HEADER_BYTES, true);
    page.view.setUint8(start + 4, KIND_BLOCK);
    const block = ++this.lastBlock;
    const bytes = page.bytes.slice(start, end);
    this.#held.push({ block, keep: () => this.#keep(page, bytes, block) });
    if (!this.isSlow) this.#complete(block);
    return block;
  }

  /** Blocks up to `block` become durable, all of them unless given. */
  complete(block: number = this.lastBlock): void {
    this.#complete(block);
    this.onDurable();
  }

  get oldestBlock(): number {
    return this.#pages.values().next().value?.firstBlock ?? this.lastBlock + 1;
  }

  get storedBytes(): number {
    return [...this.#pages.values()].reduce((sum, page) => sum + page.bytes.length, 0);
  }

  get pageCount(): number {
    return this.#pages.size;
  }

  async replay(receiver: ReplayReceiver): Promise<void> {
    const kept = [...this.#pages.values()];
    this.#pages.clear();
    for (const { bytes, firstBlock, lastBlock } of kept) {
      const page = receiver.newPage();
      page.end = bytes.length;
      page.firstBlock = firstBlock;
      page.lastBlock = lastBlock;
      this.#pages.set(page, { bytes, firstBlock, lastBlock });
      receiver.onPage(page, bytes.slice());
    }
  }

  canLoad(page: LogPage): boolean {
    return page.lastBlock > 0 && page.lastBlock <= this.durableBlock;
  }

  /** As the engine of transient messages, which are handed over only then. */
  makeLoadable(page: LogPage): boolean {
    if (page.stream !== 'transient' || page.lastBlock > 0) return false;
    page.lastBlock = this.append(page, 0, page.end);
    page.firstBlock = page.lastBlock;
    return true;
  }

  async load(page: LogPage, into: Uint8Array): Promise<void> {
    await Promise.resolve();
    this.#read(page, into);
  }

  loadNow(page: LogPage, into: Uint8Array): void {
    this.#read(page, into);
  }

  #read(page: LogPage, into: Uint8Array): void {
    const kept = this.#pages.get(page);
    if (kept === undefined) throw new Error(`page ${page.number} is not kept`);
    this.loads++;
    into.set(kept.bytes);
  }

  drop(page: LogPage): void {
    if (!this.#pages.delete(page)) throw new Error(`page ${page.number} is dropped, but was not kept`);
  }

  async close(): Promise<void> {
    this.complete();
  }

  /** The engine of the next run, with what is durable now. */
  reopened(): SurvivingEngine {
    const next = new SurvivingEngine();
    for (const page of this.#pages.values()) next.#pages.set({}, { ...page });
    next.lastBlock = this.durableBlock;
    next.durableBlock = this.durableBlock;
    return next;
  }

  #complete(block: number): void {
    for (const held of this.#held) if (held.block <= block) held.keep();
    this.#held = this.#held.filter((held) => held.block > block);
    this.durableBlock = Math.max(this.durableBlock, block);
  }

  #keep(page: LogPage, bytes: Uint8Array, block: number): void {
    const kept = this.#pages.get(page);
    if (kept === undefined) {
      this.#pages.set(page, { bytes, firstBlock: block, lastBlock: block });
      return;
    }
    const longer = new Uint8Array(kept.bytes.length + bytes.length);
    longer.set(kept.bytes);
    longer.set(bytes, kept.bytes.length);
    kept.bytes = longer;
    kept.lastBlock = block;
  }
}
