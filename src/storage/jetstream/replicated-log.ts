/**
 * What the JetStream engine asks of the store behind it: one sequence of entries, numbered from 1, replicated, with a compare and
 * append. Everything that is surprising about a network is in `AppendResult`.
 */
export interface ReplicatedLog {
  /** For texts: `stream LEVERET_orders_main`. */
  readonly name: string;
  /** The largest entry that it takes. */
  readonly entryBytesMax: number;

  /** What is there, as the store's leader says. Rejects with a StorageError NATS_UNREACHABLE when nobody answers. */
  state(): Promise<ReplicatedLogState>;
  /**
   * Appends `bytes` as entry `sequence` if, and only if, entry `sequence` - 1 is the last one. Never rejects. The bytes must not
   * change until it resolves, and may be used again after that.
   */
  append(sequence: number, bytes: Uint8Array): Promise<AppendResult>;
  /** Entry `sequence`, as the store's leader has it; undefined: it has none. Rejects with NATS_UNREACHABLE when nobody answers. */
  entry(sequence: number): Promise<Uint8Array | undefined>;
  /**
   * Hands out the entries from `from` to `to` (inclusive), each once, oldest first, one at a time: the next one when the promise
   * of the one before has resolved. `bytes` are the receiver's to keep. Rejects with DATA_DAMAGED when one of them is not there, and
   * with NATS_UNREACHABLE when nobody answers for long.
   */
  read(
    from: number,
    to: number,
    onEntry: (sequence: number, bytes: Uint8Array) => Promise<void> | void,
  ): Promise<void>;
  /** Removes the entries before `sequence`. Rejects when that is not known to have happened; it may be asked for again. */
  trim(sequence: number): Promise<void>;
}

export interface ReplicatedLogState {
  /** The oldest entry that is there; `last` + 1 when there is none. */
  readonly first: number;
  /** The newest one that there ever was; 0: there never was one. */
  readonly last: number;
  readonly storedBytes: number;
}

export type AppendResult =
  /** It is on the disks of a majority. */
  | { readonly kind: 'appended' }
  /** Entry `sequence` - 1 is not the last one: the entry may be there because of an earlier try, or another one in its place. */
  | { readonly kind: 'refused' }
  /** The store has no room for it. It was not appended. */
  | { readonly kind: 'full'; readonly reason: string }
  /** Nobody knows: no answer, a connection that broke, a leader that changed. It may be appended even later. */
  | { readonly kind: 'unknown'; readonly reason: string };
