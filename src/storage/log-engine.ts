/**
 * What makes the log durable: the only part that differs between memory, disk and a distributed store. A block is
 * everything that was appended in one turn of the event loop; it is durable as a whole or not at all.
 */
export interface LogEngine {
  /** Takes the records appended since the last call as the next block. Returns the block's number. */
  append(): number;
  /** The number that `append` returned last; 0 before the first. */
  readonly lastBlock: number;
  /** Every block up to this one is durable. */
  readonly durableBlock: number;
  /** Set by the log; called whenever `durableBlock` has grown outside of `append`. */
  onDurable: () => void;
}
