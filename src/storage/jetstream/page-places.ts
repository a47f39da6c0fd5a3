import type { LogPage } from '../log-page.ts';

/** The entry that a page begins in. */
export interface PagePlace {
  /** Of a batch in parts: of the first part. */
  readonly sequence: number;
  /** The first block of that entry: one of this page, or of an older one. */
  readonly firstBlock: number;
}

/** Which entries the pages of a stream are in. Something is kept per page, whatever it took to append it. */
export class PagePlaces {
  readonly #places = new Map<LogPage, PagePlace>();
  #newest: LogPage | undefined;

  /** The place of the oldest page that is needed; undefined when none is. */
  get oldest(): PagePlace | undefined {
    return this.#places.values().next().value;
  }

  /** A block of `page` is at `place`. The first one counts. Runs per block. */
  add(page: LogPage, place: PagePlace): void {
    if (page === this.#newest) return;
    this.#newest = page;
    this.#places.set(page, place);
  }

  /** Pages go from the oldest on. */
  drop(page: LogPage): void {
    const [oldest] = this.#places.keys();
    if (oldest !== page) {
      throw new Error(`jetstream engine: page ${page.number} is dropped before page ${oldest?.number}`);
    }
    this.#places.delete(page);
  }
}
