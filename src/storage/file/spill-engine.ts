import type { LogEngine } from '../log-engine.ts';
import type { LogPage } from '../log-page.ts';
import type { Disk } from './disk.ts';
import { PageFiles, type PageFilesOptions } from './page-files.ts';

export type SpillEngineOptions = Pick<PageFilesOptions, 'events' | 'timer' | 'fileBytesMax'>;

/** Takes pages of transient messages while memory is short, whole and without headers. Nothing of it outlives the process. */
export class SpillEngine implements LogEngine {
  readonly survives = false;
  readonly blockHeaderBytes = 0;
  onDurable: () => void = () => {};
  readonly #files: PageFiles;
  #lastBlock = 0;
  #durableBlock = 0;

  constructor(disk: Disk, options: SpillEngineOptions) {
    this.#files = new PageFiles(disk, { ...options, prefix: 'spill', content: 'transient messages' });
    this.#files.onDone = () => {
      this.#durableBlock++;
      this.onDurable();
    };
  }

  get lastBlock(): number {
    return this.#lastBlock;
  }

  /** Here: written, and may be read. */
  get durableBlock(): number {
    return this.#durableBlock;
  }

  get oldestBlock(): number {
    return this.#lastBlock + 1;
  }

  get storedBytes(): number {
    return this.#files.storedBytes;
  }

  /** Hands out nothing: removes what an earlier run left. */
  async replay(): Promise<void> {
    await this.#files.removeLeft();
  }

  /** Takes the whole page as one block. */
  append(page: LogPage): number {
    this.#files.add(page);
    return ++this.#lastBlock;
  }

  canLoad(page: LogPage): boolean {
    return this.#files.has(page);
  }

  /** Takes the page, unless it did before. */
  makeLoadable(page: LogPage): boolean {
    if (page.lastBlock > 0) return false;
    page.lastBlock = this.append(page);
    page.firstBlock = page.lastBlock;
    return true;
  }

  async load(page: LogPage, into: Uint8Array): Promise<void> {
    await this.#files.load(page, into);
  }

  loadNow(page: LogPage, into: Uint8Array): void {
    this.#files.loadNow(page, into);
  }

  drop(page: LogPage): void {
    this.#files.drop(page);
  }

  async close(): Promise<void> {
    await this.#files.close();
  }
}
