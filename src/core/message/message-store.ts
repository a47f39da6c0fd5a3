/**
 * The seam between core and storage: where messages live, and everything else that has to survive a restart. Owned by
 * core, implemented by `storage/`.
 *
 * A message record (see message-record.ts) is stored once however many queues it went to. It has a *position*, a number that
 * names its page and the offset in it; it never changes, and it is dropped when every queue has settled it.
 *
 * What happens later is said by *facts*, small records behind it: settled, note, reach, definition. A store that nothing
 * survives in (`survives` false) ignores them.
 *
 * Everything that is appended between two calls of `commit` is one *group*: after a crash it is there as a whole or not
 * at all.
 */

/**
 * Positions are `page.base + offset` of a record's start, and records start below this offset: a record that is larger
 * has a page of its own. Leaves room for 2^31 pages in 2^53: 9 PB before positions run out.
 */
export const PAGE_SPAN: number = 2 ** 22;

/** A run of records. Its bytes are there only while it is resident: whoever reads them has just asked the store for it. */
export interface Page {
  /** Position of the first byte: a multiple of PAGE_SPAN that is never reused. */
  readonly base: number;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Offset behind the last record. */
  readonly end: number;
}

/** What the store asks core while it cleans. */
export interface RecordOwner {
  /**
   * The record of message `seq` of lane `laneId` is to move. Returns false when the message is settled already, or is not
   * wanted any more: then it is released here, so that nothing is left to be moved.
   */
  relocate(laneId: number, seq: number, from: number, to: number): boolean;
  /** What the newest note about message `seq` of lane `laneId` says of its returns; undefined when the message is settled. */
  returnCountOf(laneId: number, seq: number): number | undefined;
  /** What lane `laneId` recorded last with `reach`; undefined when it never did, or is gone. */
  reachOf(laneId: number): number | undefined;
  /** Records every definition again with `store.define`: the older records are about to go. */
  recordDefinitions(): void;
}

/**
 * Takes what a store finds when it starts, from the oldest record to the newest. Implemented by core. Numbers and bytes
 * come from a disk, but from records whose checksums are right.
 */
export interface RecordVisitor {
  /** The message at `position` of `page`, whose bytes are valid during the call. Returns how many lanes hold it there now. */
  onMessage(page: Page, position: number): number;
  /**
   * From now on a message that was found before is an older copy of it, which does not count; until now it was a newer one.
   * What happens to a message after it was copied is recorded for the newest copy.
   */
  onOlderCopies(): void;
  /** Messages `from` to `to` (exclusive) of the lane are settled; some may never have been seen. */
  onSettled(laneId: number, from: number, to: number): void;
  onNote(laneId: number, seq: number, returnCount: number, heldUntilMs: number): void;
  onReach(laneId: number, upTo: number): void;
  /** All definitions so far are void: what holds is recorded again behind this. */
  onDefinitionsVoid(): void;
  /** `bytes[start, end)` is what `define` was given; valid during the call. */
  onDefinition(bytes: Uint8Array, start: number, end: number): void;
}

export interface MessageStore {
  /** Whether anything outlives the broker: false in memory. */
  readonly survives: boolean;

  // ---- messages ----

  /**
   * The tail page of the durable or of the transient messages, with room for `recordBytes` at `page.end`. The caller
   * writes the record there at once, and then calls `appended`. Runs per message.
   */
  tail(recordBytes: number, durable: boolean): Page;
  /** The record of `recordBytes` bytes at the tail's end is complete; `holders` lanes hold it. Returns its position. Runs per message. */
  appended(page: Page, recordBytes: number, holders: number): number;
  /** The page that holds `position`, read from the disk now when it is not in memory. For what happens rarely. */
  pageOf(position: number): Page;
  /** The page that holds `position`, or undefined when it has to be fetched first. Runs per message. */
  residentPage(position: number): Page | undefined;
  /** Reads the page that holds `position`, which is not resident, and what follows it, in the background; calls `whenResident` once, later. */
  fetch(position: number, whenResident: () => void): void;
  /** A lane has settled its message `seq`, whose record is at `position`. Runs per message. */
  settle(laneId: number, seq: number, position: number): void;
  /** A lane has settled all its messages from `from` to `to` (exclusive): `release` follows for each, maybe much later. */
  settleRange(laneId: number, from: number, to: number): void;
  /** A lane lets go of the record at `position`, and that is on record already. Runs per message. */
  release(position: number): void;

  // ---- other facts ----

  /** What is known of an unsettled message beside its record: how often it came back, and until when it is held (0: not). */
  note(laneId: number, seq: number, returnCount: number, heldUntilMs: number): void;
  /** No message of the lane from `upTo` on has been delivered. The last one recorded counts. */
  reach(laneId: number, upTo: number): void;
  /** A definition, or the end of one, as core encodes it: `bytes[start, end)` is copied. */
  define(bytes: Uint8Array, start: number, end: number): void;

  // ---- durability ----

  /**
   * Closes the group of everything appended since the last call and hands it to the engine. Returns the number of the
   * block that ends it, or of the last block when nothing durable was appended. Runs once a turn.
   */
  commit(): number;
  /** The newest block that is durable; every block up to it is, too. Grows to what `commit` returned. */
  readonly durableBlock: number;
  /** About how many bytes were appended that are not durable yet: what of them the memory must hold. */
  readonly pendingBytes: number;
  /** Called whenever `durableBlock` has grown outside of `commit`. */
  onDurable: () => void;
  /** Does a bounded piece of cleaning when the dead share is too large. Returns true when more is left to do. */
  clean(owner: RecordOwner): boolean;
  /** Bytes that pages take in memory. */
  readonly memoryBytes: number;
}
