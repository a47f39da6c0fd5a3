import { PAGE_SPAN } from '../../core/message/message-store.ts';
import type { ReplayReceiver } from '../log-engine.ts';
import type { Segment } from './segment.ts';
import type { SegmentScanner } from './segment-scanner.ts';

/** Blocks one behind the other in a file. */
interface Run {
  readonly start: number;
  end: number;
  readonly firstBlock: number;
  lastBlock: number;
}

/**
 * Makes pages of what a scan finds in one segment: runs of blocks, as long as a page may be, whole groups only.
 *
 *      handed out       | runs: complete | open: a group that may have no end | the block that comes next
 *     ------------------+----------------+------------------------------------+--------------------------->  the file
 *                       ^ keepFrom
 */
export class PageCutter {
  readonly #scanner: SegmentScanner;
  readonly #receiver: ReplayReceiver;
  readonly #segment: Segment;
  /** Complete groups that were not handed out yet. */
  #complete: Run | undefined;
  /** The open group, as far as it was read: more than one run when it is larger than a page. */
  #open: Run[] = [];

  constructor(scanner: SegmentScanner, receiver: ReplayReceiver, segment: Segment) {
    this.#scanner = scanner;
    this.#receiver = receiver;
    this.#segment = segment;
  }

  /** The file offset from which on bytes are needed. */
  get keepFrom(): number {
    return this.#complete?.start ?? this.#open[0]?.start ?? Number.POSITIVE_INFINITY;
  }

  /** The next block of the log, at `[from, to)`. */
  addBlock(block: number, from: number, to: number, more: boolean): void {
    this.#addToGroup(block, from, to);
    if (!more) this.#endGroup();
  }

  /** A seal, which may lie within a page. */
  addSeal(from: number, to: number): void {
    const run = this.#complete;
    if (run === undefined || run.end !== from || to - run.start > PAGE_SPAN) return;
    run.end = to;
  }

  /** The open group has no end. */
  dropGroup(): void {
    this.#open = [];
  }

  /** Hands out all complete groups. */
  flush(): void {
    const run = this.#complete;
    this.#complete = undefined;
    if (run !== undefined) this.#handOut(run);
  }

  #addToGroup(block: number, from: number, to: number): void {
    const last = this.#open.at(-1);
    if (last !== undefined && last.end === from && to - last.start <= PAGE_SPAN) {
      last.end = to;
      last.lastBlock = block;
    } else {
      this.#open.push({ start: from, end: to, firstBlock: block, lastBlock: block });
    }
  }

  #endGroup(): void {
    const runs = this.#open;
    this.#open = [];
    for (const run of runs) this.#append(run);
  }

  #append(run: Run): void {
    const before = this.#complete;
    if (before !== undefined && before.end === run.start && run.end - before.start <= PAGE_SPAN) {
      before.end = run.end;
      before.lastBlock = run.lastBlock;
    } else {
      this.flush();
      this.#complete = run;
    }
  }

  #handOut({ start, end, firstBlock, lastBlock }: Run): void {
    const page = this.#receiver.newPage();
    const bytes = end - start;
    page.end = bytes;
    page.firstBlock = firstBlock;
    page.lastBlock = lastBlock;
    page.extents = [{ segment: this.#segment.number, fileOffset: start, pageOffset: 0, bytes }];
    this.#segment.pageCount++;
    this.#receiver.onPage(page, this.#scanner.bytes(start, end));
  }
}
