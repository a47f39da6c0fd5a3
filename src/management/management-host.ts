import type { Broker } from '../core/broker.ts';

/** What the HTTP API needs of the process that it runs in. Implemented by the daemon. */
export interface ManagementHost {
  readonly broker: Broker;
  /** What the process and its machine say now. Cheap enough to be asked for each request. */
  node(): NodeFacts;
  /** Where the broker listens, for every protocol. */
  listeners(): readonly Listener[];
}

export interface Listener {
  readonly protocol: 'amqp' | 'amqp/ssl' | 'http' | 'https';
  readonly host: string;
  readonly port: number;
}

export interface NodeFacts {
  /** Leveret's own version. */
  readonly version: string;
  readonly osPid: number;
  readonly uptimeMs: number;
  readonly processors: number;
  /** Bytes of memory that the process uses, and at which publishers are stopped. */
  readonly memoryUsedBytes: number;
  readonly memoryLimitBytes: number;
  /** Undefined when nothing is kept on disk, or when it is not known. */
  readonly diskFreeBytes: number | undefined;
  readonly diskFreeLimitBytes: number;
  /** Bytes that the message log takes on disk; 0 in memory. */
  readonly storedBytes: number;
  readonly fileDescriptorsUsed: number;
  readonly fileDescriptorsMax: number;
  readonly connectionsMax: number;
  /** Undefined: nothing is kept on disk. */
  readonly dataDir: string | undefined;
}
