import type { Broker } from '../core/broker.ts';
import type { AuditEntry } from './audit-log.ts';

/** What the HTTP API needs of the process that it runs in. Implemented by the daemon. */
export interface ManagementHost {
  readonly broker: Broker;
  /** What the process and its machine say now. Cheap enough to be asked for each request. */
  node(): NodeFacts;
  /** More about the message log; it takes some microseconds to find out. Absent: nothing is known. */
  storage?(): StorageFacts;
  /** Whether /metrics is open to everybody. Absent: it is not. */
  readonly metricsAreAnonymous?: boolean;
  /** Where the broker listens, for every protocol. */
  listeners(): readonly Listener[];
  /** The certificates that it listens with; none without TLS. */
  certificates(): readonly ServerCertificate[];
  /** Names that requests from this machine may be for, beside local ones. Absent: none. */
  readonly hostNames?: readonly string[];
  /** Where the files of the dashboard are, an absolute path. Absent: there is none. */
  readonly dashboardDirectory?: string;
  /** Somebody changed something, or logged in. Absent: only the latest are known, to the API. */
  onAudit?(entry: AuditEntry): void;
}

export interface ServerCertificate {
  /** Of its file. */
  readonly path: string;
  /** RFC 4514: `CN=broker.example`. */
  readonly subject: string;
  /** Milliseconds since 1970. */
  readonly notAfterMs: number;
}

export interface Listener {
  readonly protocol: 'amqp' | 'amqp/ssl' | 'http' | 'https';
  readonly host: string;
  readonly port: number;
}

export interface StorageFacts {
  /** Bytes that messages still need, in memory and on disk. */
  readonly liveBytes: number;
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
