/**
 * The seam between core and storage: where message records live. Owned by core, implemented by `storage/`.
 *
 * A record (see message-record.ts) is stored once however many queues it went to. It has a *position*, a number that
 * names its page and the offset in it, and it is dropped when every queue has settled it.
 */

/**
 * Positions are `page.base + offset` of a record's start, and records start below this offset: a record that is larger
 * has a page of its own. Leaves room for 2^31 pages in 2^53: 9 PB before positions run out.
 */
export const PAGE_SPAN: number = 2 ** 22;

/** A run of records in memory. */
export class Page {
  /** Position of the first byte: a multiple of PAGE_SPAN that is never reused. */
  readonly base: number;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Offset behind the last record. */
  end = 0;
  /** Bytes of records that some queue still holds. */
  liveBytes = 0;

  constructor(base: number, bytes: Uint8Array) {
    this.base = base;
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
}

/** What the store asks core while it moves records (cleaning). */
export interface RecordOwner {
  /** The record of message `seq` of lane `laneId` moved. Returns false when that message is settled already. */
  relocate(laneId: number, seq: number, from: number, to: number): boolean;
}

export interface MessageStore {
  /**
   * The tail page, with room for `recordBytes` at `page.end`. The caller writes the record there at once, and
   * then calls `appended`. Runs per message.
   */
  tail(recordBytes: number): Page;
  /** The record of `recordBytes` bytes at the tail's end is complete. Returns its position. Runs per message. */
  appended(page: Page, recordBytes: number): number;
  /** The page that holds `position`. Runs per message. */
  pageOf(position: number): Page;
  /** One queue has settled the record at `position`. Runs per message. */
  release(position: number): void;
  /**
   * Closes the block of everything appended since the last call and hands it to the engine.
   * Returns its block number. Runs once a turn.
   */
  commit(): number;
  /** The newest block that is durable; every block up to it is, too. Grows to what `commit` returned. */
  readonly durableBlock: number;
  /** Called whenever `durableBlock` has grown outside of `commit`. */
  onDurable: () => void;
  /** Does a bounded piece of cleaning when the dead share is too large. Returns true when more is left to do. */
  clean(owner: RecordOwner): boolean;
  /** Bytes held in memory by pages. */
  readonly memoryBytes: number;
}
