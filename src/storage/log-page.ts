import { PAGE_SPAN, type Page } from '../core/message/message-store.ts';

const NOTHING = new Uint8Array(0);
const NO_VIEW = new DataView(NOTHING.buffer);

/** Which sequence of pages a page belongs to; message-log.ts says what each is for. */
export type StreamName = 'main' | 'cold' | 'transient';

/** A run of bytes of a page that lies in one piece in a segment file. The engine's own business. */
export interface Extent {
  /** The number of the segment file. */
  readonly segment: number;
  readonly fileOffset: number;
  readonly pageOffset: number;
  bytes: number;
}

/**
 * A page of the message log: what is known of it stays in memory while one of its records may be needed; its bytes come
 * and go.
 */
export class LogPage implements Page {
  readonly base: number;
  readonly stream: StreamName;
  bytes: Uint8Array = NOTHING;
  view: DataView = NO_VIEW;
  end = 0;
  /** How many (record, lane) pairs are not settled. */
  liveCount = 0;
  /** How many there were. */
  totalCount = 0;
  /** It has facts that must be looked at before it goes (see fact-records.ts). */
  hasFacts = false;
  /** Bytes of facts that cleaning recorded again: they count as live. */
  keptBytes = 0;
  /** The blocks that its oldest and its newest record are in; 0: none was appended yet. */
  firstBlock = 0;
  lastBlock = 0;
  /** When it was last used, by a counter of uses. */
  usedAt = 0;
  /** It was read back into memory for somebody. */
  wasFetched = false;
  /** The neighbours in its stream. Assigned by the stream only. */
  older: LogPage | undefined;
  newer: LogPage | undefined;
  /** Where an engine keeps it. Assigned by the engine only. */
  extents: Extent[] = [];

  constructor(number: number, stream: StreamName) {
    this.base = number * PAGE_SPAN;
    this.stream = stream;
  }

  get number(): number {
    return this.base / PAGE_SPAN;
  }

  get isResident(): boolean {
    return this.bytes !== NOTHING;
  }

  /** An estimate: exact as long as all records are of one size and have one destination each. */
  get liveBytes(): number {
    if (this.totalCount === 0) return this.keptBytes;
    return this.keptBytes + ((this.end - this.keptBytes) * this.liveCount) / this.totalCount;
  }

  becomeResident(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Forgets the bytes; returns them for another use. */
  evict(): Uint8Array {
    const { bytes } = this;
    this.bytes = NOTHING;
    this.view = NO_VIEW;
    this.wasFetched = false;
    return bytes;
  }
}
