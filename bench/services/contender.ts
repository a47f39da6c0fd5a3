/** What is measured, and how. It goes to the process of a contender as JSON. */
export interface ContenderSpec {
  readonly system: 'bullmq' | 'leveret';
  /** Of Redis or of the broker; undefined for a broker in the process of the services. */
  readonly url: string | undefined;
  /** BullMQ: `add` or `addBulk`. Leveret has one way. */
  readonly sends: 'one' | 'bulk';
  /** Messages that are handled at a time. */
  readonly concurrency: number;
  /** Whether the handler writes a row and publishes an event, which another handler gets. */
  readonly writes: boolean;
  /** For databases, and for the messages of a broker in the process. Empty at the beginning. */
  readonly directory: string;
}

/** A system that runs, with the handler of the workload. */
export interface RunningContender {
  /** Sends the orders from `first` on, and resolves when the last of them was handled, and the events as well. */
  run(first: number, count: number): Promise<void>;
  close(): Promise<void>;
}

/** What the process of a contender tells. */
export interface ContenderResult {
  readonly count: number;
  readonly seconds: number;
  /** Of its process alone, all threads. */
  readonly cpuSeconds: number;
}
