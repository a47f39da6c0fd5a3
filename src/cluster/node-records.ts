/**
 * Where each node of a cluster writes down that it is there: one text for each name, beside the lease. Nobody decides anything
 * about the log by it.
 */
export interface NodeRecords {
  /** Rejects when it is not known whether it was written. `name`: any text. */
  putNode(name: string, text: string): Promise<void>;
  /** Rejects when it is not known whether it was removed. Removing what is not there is done at once. */
  removeNode(name: string): Promise<void>;
  /** Hands out all that are there, and then each change. Goes on by itself after a connection broke. Returns how to end it. */
  watchNodes(onEntry: (entry: NodeEntry) => void): () => void;
}

export interface NodeEntry {
  readonly name: string;
  /** Undefined: it was removed. */
  readonly text: string | undefined;
  /** Grows with each change. */
  readonly revision: number;
}
