import type { StreamInfo } from '@nats-io/jetstream';
import { StorageError, textOf } from '../storage/file/storage-error.ts';
import { codeOfAnswer, STREAM_NOT_FOUND } from '../storage/jetstream/nats-answer.ts';
import type { NatsConnection } from '../storage/jetstream/nats-connection.ts';
import { wantedStreams } from './wanted-streams.ts';

/** How a stream of a cluster is doing. */
export interface ClusterStream {
  /** `LEVERET_orders_main` */
  readonly name: string;
  /** The server whose word counts; null: there is none at the moment. */
  readonly leader: string | null;
  /** The servers that have copies, but for the leader. */
  readonly replicas: readonly ClusterReplica[];
  readonly entries: number;
  readonly storedBytes: number;
}

export interface ClusterReplica {
  readonly server: string;
  readonly isCurrent: boolean;
  readonly isOffline: boolean;
  /** Entries that it has not got yet. */
  readonly lag: number;
}

const ANSWER_MS = 2_000;

/** The streams of `cluster`, as their leaders see them; those that do not exist are left out. Rejects with NATS_UNREACHABLE when nobody answers. */
export async function clusterStreams(
  connection: NatsConnection,
  cluster: string,
): Promise<readonly ClusterStream[]> {
  const infos = await Promise.all(wantedStreams(cluster).map(({ name }) => streamInfo(connection, name)));
  return infos.filter((info) => info !== undefined).map(clusterStreamOf);
}

/** What the leader of a stream says about it; undefined: there is no such stream. Rejects with NATS_UNREACHABLE when nobody answers. */
export async function streamInfo(connection: NatsConnection, name: string): Promise<StreamInfo | undefined> {
  try {
    return await connection.ask(`stream ${name}`, ANSWER_MS, ({ api }) => api.streams.info(name));
  } catch (error) {
    if (codeOfAnswer(error) === STREAM_NOT_FOUND) return undefined;
    if (error instanceof StorageError) throw error;
    throw new StorageError(
      'NATS_UNREACHABLE',
      `stream ${name} does not answer at ${connection.servers}: ${textOf(error)}. A majority of the servers must be there, with JetStream on`,
      error,
    );
  }
}

function clusterStreamOf({ config, cluster, state }: StreamInfo): ClusterStream {
  const replicas = (cluster?.replicas ?? []).map(({ name, current, offline, lag }) => ({
    server: name,
    isCurrent: current,
    isOffline: offline === true,
    lag: lag ?? 0,
  }));
  return {
    name: config.name,
    leader: cluster?.leader ?? null,
    replicas,
    entries: state.messages,
    storedBytes: state.bytes,
  };
}
