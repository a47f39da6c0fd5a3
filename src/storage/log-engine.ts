/**
 * What makes a stream of records last: the only part that differs between memory, disk and a distributed store.
 *
 * A *block* is a run of records that is appended at once; blocks are numbered from 1 (or behind what was replayed). One
 * group, everything of one turn of the event loop, is one block, or several when it spans pages (`more`): a group whose last
 * block is not durable does not exist after a crash.
 */

import type { LogPage } from './log-page.ts';

export interface LogEngine {
  /** Whether what is appended outlives the process. */
  readonly survives: boolean;
  /** Room that the caller leaves in front of the records of each block, for the engine to fill. */
  readonly blockHeaderBytes: number;

  /**
   * Takes `page.bytes[start, end)` as the next block: a header to be filled in, then records. The bytes must not change
   * and the page must stay resident until the block is durable. `more`: the group goes on in the next block.
   * Returns the block's number. Blocks of one page are appended one behind the other, without a gap.
   */
  append(page: LogPage, start: number, end: number, more: boolean): number;
  /** The number that `append` returned last; before that, the last one replayed, or 0. */
  readonly lastBlock: number;
  /** Every block up to this one is durable. */
  readonly durableBlock: number;
  /** The oldest block that a replay would still hand out if the process ended now; `lastBlock` + 1 when there is none. */
  readonly oldestBlock: number;
  /** Set by the log; called whenever `durableBlock` has grown outside of `append`. */
  onDurable: () => void;

  /**
   * Hands out what was appended before the start, oldest first, as pages that hold whole groups of whole blocks. Called
   * once, before anything else. Throws a StorageError DATA_DAMAGED when something is missing that was durable.
   */
  replay(receiver: ReplayReceiver): Promise<void>;
  /** Whether all of `page` can be loaded now: only then may its bytes leave memory. */
  canLoad(page: LogPage): boolean;
  /**
   * Memory is short, and `page`, to which nothing is appended any more, cannot be loaded: whether it will be able to, because of
   * something that this begins. `onDurable` is called then.
   */
  makeLoadable(page: LogPage): boolean;
  /** Reads all of `page` into `into`, which has room for `page.end` bytes, and checks its blocks. */
  load(page: LogPage, into: Uint8Array): Promise<void>;
  /** The same, at once. */
  loadNow(page: LogPage, into: Uint8Array): void;
  /**
   * Nobody reads `page` any more, and what is appended by now makes it superfluous: its room may go once that is durable.
   * Pages are dropped from the oldest on, but those of an engine that nothing survives in: in any order.
   */
  drop(page: LogPage): void;
  /** Bytes that it takes where it keeps them. */
  readonly storedBytes: number;
  /** Waits until everything appended is durable, and lets go of files and locks. */
  close(): Promise<void>;
}

/** Takes the pages of a replay. */
export interface ReplayReceiver {
  /** A page for the next run of blocks; the engine sets `end`, `extents`, `firstBlock` and `lastBlock`. */
  newPage(): LogPage;
  /** `bytes[0, page.end)` are the blocks of `page`, valid during the call. The page is not resident. */
  onPage(page: LogPage, bytes: Uint8Array): void;
}
