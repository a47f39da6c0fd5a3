import { PAGE_SPAN } from '../../core/message/message-store.ts';
import type { PageFiles } from '../file/page-files.ts';
import type { ReplayReceiver } from '../log-engine.ts';
import { blockEndAt, isMoreAt } from './entry.ts';
import type { ReplayedBatch } from './entry-replay.ts';
import type { PagePlace, PagePlaces } from './page-places.ts';

const PAGE_BYTES_FIRST = 64 * 1024;

/**
 * Makes pages of what a replay finds: as long as a page may be, whole groups only unless one is larger than a page. Each page is
 * handed out, and copied to a local file, from where it is read again.
 */
export class PageAssembly {
  readonly #receiver: ReplayReceiver;
  readonly #copies: PageFiles;
  readonly #places: PagePlaces;
  /** The page that is being put together: `#bytes[0, #end)`. */
  #bytes = new Uint8Array(PAGE_BYTES_FIRST);
  #end = 0;
  #firstBlock = 0;
  #place: PagePlace | undefined;
  #nextBlock = 0;

  constructor(receiver: ReplayReceiver, copies: PageFiles, places: PagePlaces) {
    this.#receiver = receiver;
    this.#copies = copies;
    this.#places = places;
  }

  async add(batch: ReplayedBatch): Promise<void> {
    const { bytes } = batch;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#nextBlock = batch.firstBlock;
    for (let start = 0; start < bytes.length; ) {
      const end = groupEndAt(view, start, bytes.length);
      if (end - start <= PAGE_SPAN) await this.#addRun(bytes, view, start, end, batch);
      else await this.#addBlocks(bytes, view, start, end, batch);
      start = end;
    }
  }

  /** Hands out what is left. */
  async flush(): Promise<void> {
    if (this.#end === 0) return;
    const page = this.#receiver.newPage();
    const bytes = this.#bytes.subarray(0, this.#end);
    page.end = this.#end;
    page.firstBlock = this.#firstBlock;
    page.lastBlock = this.#nextBlock - 1;
    page.extents = [];
    this.#places.add(page, this.#place as PagePlace);
    this.#receiver.onPage(page, bytes);
    await this.#copies.keep(page, bytes);
    this.#end = 0;
  }

  async #addBlocks(
    bytes: Uint8Array,
    view: DataView,
    from: number,
    to: number,
    batch: ReplayedBatch,
  ): Promise<void> {
    for (let start = from; start < to; ) {
      const end = blockEndAt(view, start, to);
      await this.#addRun(bytes, view, start, end, batch);
      start = end;
    }
  }

  /** Adds the blocks `bytes[start, end)`, all to one page. */
  async #addRun(
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    batch: ReplayedBatch,
  ): Promise<void> {
    if (this.#end + end - start > PAGE_SPAN) await this.flush();
    if (this.#end === 0) {
      this.#firstBlock = this.#nextBlock;
      this.#place = { sequence: batch.sequence, firstBlock: batch.firstBlock };
    }
    this.#makeRoom(end - start);
    this.#bytes.set(bytes.subarray(start, end), this.#end);
    this.#end += end - start;
    for (let at = start; at < end; at = blockEndAt(view, at, end)) this.#nextBlock++;
  }

  #makeRoom(bytes: number): void {
    const needed = this.#end + bytes;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, Math.min(2 * this.#bytes.length, PAGE_SPAN)));
    larger.set(this.#bytes.subarray(0, this.#end));
    this.#bytes = larger;
  }
}

/** Where the group that begins at `at` ends. */
function groupEndAt(view: DataView, from: number, end: number): number {
  for (let at = from; ; ) {
    const more = isMoreAt(view, at);
    at = blockEndAt(view, at, end);
    if (!more) return at;
  }
}
