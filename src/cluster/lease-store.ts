/**
 * Where a cluster writes down who owns its log: one record that is only ever changed by compare and set. It is for liveness: at
 * most one node thinks that it owns the log, as long as clocks run at about the same speed. That nothing is lost when they do
 * not is up to the log, which refuses a former owner.
 */
export interface LeaseStore {
  /** What is there now. Rejects when nobody answers. */
  read(): Promise<LeaseEntry | undefined>;
  /**
   * Writes `record` if the revision is still `after` (0: nothing was ever written). Resolves to the new revision, or to undefined when
   * somebody else was first. Rejects when it is not known whether it was written.
   */
  write(record: LeaseRecord, after: number): Promise<number | undefined>;
  /** Hands out what is there, and then each change. Goes on by itself after a connection broke. Returns how to end it. */
  watch(onEntry: (entry: LeaseEntry) => void): () => void;
}

export interface LeaseEntry {
  readonly record: LeaseRecord;
  /** Grows with each change. */
  readonly revision: number;
}

export interface LeaseRecord {
  /** The name of the node that owns the log; '': nobody does, since a hand-over. */
  readonly owner: string;
  /** After a hand-over: who is to try first; '': anybody. */
  readonly successor: string;
  /** Distinguishes two lives of a node with the same name: a random text, made when a node becomes the owner. */
  readonly term: string;
  /** How long it holds from when it was written, in milliseconds. */
  readonly leaseMs: number;
  /** Where nodes pass clients through to, as `host:port`. */
  readonly peerAddress: string;
  /** What a node has to show there: a random text, made anew with each term. */
  readonly peerToken: string;
  /** The epoch of its fence; 0: it has not written one yet. */
  readonly epoch: number;
  /** It has replayed the log and takes clients. */
  readonly isServing: boolean;
}
