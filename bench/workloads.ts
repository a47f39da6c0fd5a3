/** A load, in the terms that the load generators understand. */
export interface Workload {
  readonly name: string;
  readonly doc: string;
  readonly producerCount: number;
  readonly consumerCount: number;
  readonly bodyBytes: number;
  /** Persistent messages in a durable queue. */
  readonly persistent: boolean;
  /** Unconfirmed messages per producer; 0 publishes without confirms. */
  readonly confirmWindow: number;
  /** Unacked deliveries per consumer; 0 consumes without acks. */
  readonly prefetchCount: number;
  /** This many messages are published before the first one is consumed; undefined: both at once, for some seconds. */
  readonly backlogCount?: number;
}

/** A row of the report. */
export interface WorkloadRow {
  readonly name: string;
  readonly doc: string;
}

const ONE_TO_ONE = { producerCount: 1, consumerCount: 1 } as const;
const TEN_TO_TEN = { producerCount: 10, consumerCount: 10, bodyBytes: 100 } as const;
const SMALL_WINDOW = { confirmWindow: 100, prefetchCount: 100 } as const;
const LARGE_WINDOW = { confirmWindow: 1000, prefetchCount: 1000 } as const;

/** The workloads that docs/performance.md reports. */
export const WORKLOADS: readonly Workload[] = [
  {
    name: 'A',
    doc: 'transient 16 B, auto-ack',
    ...ONE_TO_ONE,
    bodyBytes: 16,
    persistent: false,
    confirmWindow: 0,
    prefetchCount: 0,
  },
  {
    name: 'B',
    doc: 'transient 16 B, confirms and acks',
    ...ONE_TO_ONE,
    bodyBytes: 16,
    persistent: false,
    ...LARGE_WINDOW,
  },
  {
    name: 'C',
    doc: 'persistent 16 B, confirms and acks',
    ...ONE_TO_ONE,
    bodyBytes: 16,
    persistent: true,
    ...LARGE_WINDOW,
  },
  {
    name: 'D',
    doc: 'persistent 1 KiB, confirms and acks',
    ...ONE_TO_ONE,
    bodyBytes: 1024,
    persistent: true,
    ...LARGE_WINDOW,
  },
  {
    name: 'E',
    doc: '10 to 10, persistent 100 B, window 100',
    ...TEN_TO_TEN,
    persistent: true,
    ...SMALL_WINDOW,
  },
  {
    name: 'E-transient',
    doc: '10 to 10, transient 100 B, window 100',
    ...TEN_TO_TEN,
    persistent: false,
    ...SMALL_WINDOW,
  },
  {
    name: 'F',
    doc: 'a million persistent 100 B',
    ...ONE_TO_ONE,
    bodyBytes: 100,
    persistent: true,
    ...LARGE_WINDOW,
    backlogCount: 1_000_000,
  },
];

/** A backlog is measured in each direction. */
export function rowsOf({ name, doc, backlogCount }: Workload): readonly WorkloadRow[] {
  return backlogCount === undefined
    ? [{ name, doc }]
    : [
        { name: `${name}-in`, doc: `publish ${doc}` },
        { name: `${name}-out`, doc: `then consume ${doc}` },
      ];
}
