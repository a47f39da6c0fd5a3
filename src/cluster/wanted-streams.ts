import type { StreamConfig, StreamInfo } from '@nats-io/jetstream';
import { bucketName, bucketStreamName, logSubject, streamName } from '../storage/jetstream/nats-names.ts';

/** A stream as a cluster needs it. `minimum`: what it takes for nothing to be lost when a machine is. */
export interface WantedStream {
  readonly name: string;
  /** For texts. */
  readonly what: string;
  readonly subject: string;
  readonly isBucket: boolean;
}

export const REPLICAS_MIN = 3;

/** 100 ms is the least that a server allows. Nothing that is written here has an id by which to find duplicates. */
const DUPLICATE_WINDOW_NS = 100_000_000;

/** The logs and the bucket of `cluster`. */
export function wantedStreams(cluster: string): readonly WantedStream[] {
  const log = (kind: 'main' | 'cold'): WantedStream => ({
    name: streamName(cluster, kind),
    what: `stream ${streamName(cluster, kind)}`,
    subject: logSubject(cluster, kind),
    isBucket: false,
  });
  const bucket: WantedStream = {
    name: bucketStreamName(cluster),
    what: `bucket ${bucketName(cluster)}`,
    subject: `$KV.${bucketName(cluster)}.>`,
    isBucket: true,
  };
  return [log('main'), log('cold'), bucket];
}

/** What JetStream is asked to make. `maxBytes`: of a log; -1: no limit of its own. */
export function configOf(wanted: WantedStream, replicas: number, maxBytes: number): Record<string, unknown> {
  return {
    name: wanted.name,
    subjects: [wanted.subject],
    storage: 'file',
    retention: 'limits',
    // What does not fit is refused, and nothing is removed to make room.
    discard: 'new',
    num_replicas: replicas,
    max_age: 0,
    max_msgs: -1,
    max_bytes: wanted.isBucket ? -1 : maxBytes,
    max_msg_size: -1,
    max_msgs_per_subject: wanted.isBucket ? 1 : -1,
    duplicate_window: DUPLICATE_WINDOW_NS,
    allow_direct: true,
    allow_rollup_hdrs: wanted.isBucket,
    // Only runs at the front are removed, by a purge.
    deny_delete: true,
    deny_purge: false,
  };
}

/** What would lose something, or could not work; each as a sentence that says what to change. */
export function faultsOf(wanted: WantedStream, info: StreamInfo, replicasMin: number): string[] {
  const { config } = info;
  const faults: string[] = [];
  const refuse = (isFault: boolean, text: string): void => {
    if (isFault) faults.push(`${wanted.what} ${text}`);
  };
  refuse(
    config.storage !== 'file',
    `has storage ${config.storage}: it must be on disk (storage file), which cannot be changed later`,
  );
  refuse(
    config.num_replicas < replicasMin,
    `has ${config.num_replicas} ${config.num_replicas === 1 ? 'replica' : 'replicas'}: set num_replicas to ${replicasMin} or more`,
  );
  refuse(
    config.retention !== 'limits',
    `has retention ${config.retention}: it must be limits, which cannot be changed later`,
  );
  refuse(config.discard !== 'new', `discards ${config.discard} messages when it is full: set discard to new`);
  refuse((config.max_age ?? 0) !== 0, `forgets messages after ${config.max_age / 1e9} s: set max_age to 0`);
  refuse(config.max_msgs > 0, `keeps ${config.max_msgs} messages at most: set max_msgs to -1`);
  refuse(
    !wanted.isBucket && config.max_msgs_per_subject > 0,
    `keeps ${config.max_msgs_per_subject} messages of a subject at most: set max_msgs_per_subject to -1`,
  );
  refuse(
    config.max_msg_size > 0,
    `takes messages up to ${config.max_msg_size} bytes only: set max_msg_size to -1`,
  );
  refuse(
    config.subjects?.length !== 1 || config.subjects[0] !== wanted.subject,
    `has the subjects ${config.subjects?.join(', ') ?? 'of a mirror'}: it must have ${wanted.subject} and no other`,
  );
  refuse(config.subject_transform !== undefined, 'transforms subjects: remove subject_transform');
  refuse(config.republish !== undefined, 'republishes: remove republish');
  refuse(config.mirror !== undefined, 'is a mirror: it must be a stream of its own');
  refuse((config.sources?.length ?? 0) > 0, 'has sources: remove them, only the owner writes to it');
  refuse(config.sealed === true, 'is sealed: nothing can be appended to it any more');
  refuse(config.no_ack === true, 'does not acknowledge: set no_ack to false');
  refuse(config.persist_mode === 'async', 'acknowledges before it writes: persist_mode must not be async');
  refuse(
    config.deny_purge === true,
    'denies purges: set deny_purge to false, or its room is never given back',
  );
  refuse(config.deny_delete !== true, 'lets messages be deleted one by one: set deny_delete to true');
  refuse(config.allow_direct !== true, 'cannot be read from its replicas: set allow_direct to true');
  return faults;
}

/** What `leveret cluster init` was asked for, and is otherwise. */
export function differencesOf(
  wanted: WantedStream,
  { config }: StreamInfo,
  replicas: number,
  maxBytes: number,
): string[] {
  const asked = configOf(wanted, replicas, maxBytes) as Partial<StreamConfig>;
  const differences: string[] = [];
  for (const field of ['num_replicas', 'max_bytes'] as const) {
    if (config[field] !== asked[field]) {
      differences.push(`${wanted.what} has ${field} ${config[field]}, and ${asked[field]} was asked for`);
    }
  }
  return differences;
}
