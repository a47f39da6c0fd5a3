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
  /** The cluster that the node is a part of. Absent: it is none. */
  readonly cluster?: ClusterHost;
}

export interface ClusterHost {
  /** What the node knows of the cluster now. Cheap: it is asked for without a log-in. */
  state(): ClusterState;
  /** Who is there, and what the log is kept in. Rejects when the store of the log does not answer. */
  nodes(): Promise<ClusterNodes>;
  /**
   * Makes this node, the owner, give the log to `to`, or to whichever node it likes. Resolves once that has begun, or to why it cannot;
   * clients, the one that asks among them, are disconnected soon after.
   */
  handOver(to: string | undefined): Promise<HandOverAnswer>;
}

export interface ClusterState {
  /** The name of the cluster. */
  readonly cluster: string;
  readonly node: string;
  /** `starting`: it does not know yet who owns the log, or has become the owner and reads it. */
  readonly role: 'starting' | 'owner' | 'standby';
  /** The name of the node that owns the log; undefined when nobody is known to. */
  readonly owner: string | undefined;
  /** Of the owner's fence in the log; 0: there is none yet. */
  readonly epoch: number;
  readonly leaseMs: number;
  /** Whether clients of this node are served: by itself, or by the owner that it passes them through to. */
  readonly servesClients: boolean;
}

export interface ClusterNodes {
  readonly nodes: readonly ClusterNode[];
  readonly streams: readonly ClusterStream[];
}

export interface ClusterNode {
  readonly name: string;
  readonly role: 'starting' | 'owner' | 'standby';
  /** Of Leveret. */
  readonly version: string;
  /** What a standby does with clients. */
  readonly standbyMode: 'pass' | 'refuse';
  /** As others reach it, `host:port`; '' where it has none. */
  readonly httpAddress: string;
  readonly amqpAddress: string;
}

/** A stream of the log, or the bucket of the lease. */
export interface ClusterStream {
  readonly name: string;
  readonly entries: number;
  readonly bytes: number;
  /** The server that leads it; '' when there is none. */
  readonly leader: string;
  readonly replicas: readonly ClusterReplica[];
}

export interface ClusterReplica {
  readonly server: string;
  /** Whether it has what the leader has. */
  readonly isCurrent: boolean;
  /** Whether the leader does not hear of it. */
  readonly isOffline: boolean;
  /** How many of the leader's operations it does not have yet. */
  readonly lag: number;
}

export type HandOverAnswer =
  | { readonly kind: 'begun'; readonly to: string }
  /** There is no such node, or it is not there now. `nodes`: those that could. */
  | { readonly kind: 'no-such-node'; readonly nodes: readonly string[] }
  /** This node is the owner of nothing that it could give, or gives it away already. */
  | { readonly kind: 'not-now'; readonly reason: string };

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
