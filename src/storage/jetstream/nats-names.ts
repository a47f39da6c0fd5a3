import { StorageError } from '../file/storage-error.ts';

/** What a cluster called `orders` has in JetStream: the streams `LEVERET_orders_main` and `_cold`, and the bucket `LEVERET_orders`. */
export type LogKind = 'main' | 'cold';

export function streamName(cluster: string, kind: LogKind): string {
  return `LEVERET_${checkedClusterName(cluster)}_${kind}`;
}

/** Where the entries of a log are published. */
export function logSubject(cluster: string, kind: LogKind): string {
  return `leveret.${checkedClusterName(cluster)}.${kind}`;
}

export function bucketName(cluster: string): string {
  return `LEVERET_${checkedClusterName(cluster)}`;
}

/** The stream that holds the bucket. */
export function bucketStreamName(cluster: string): string {
  return `KV_${bucketName(cluster)}`;
}

/** What both streams and subjects allow, and no shell and no file name trips over. */
function checkedClusterName(cluster: string): string {
  if (/^[A-Za-z0-9-]{1,64}$/.test(cluster)) return cluster;
  throw new StorageError(
    'NATS_UNSAFE',
    `the name of the cluster is ${JSON.stringify(cluster)}: up to 64 letters, digits and hyphens are allowed. ` +
      'Choose another --cluster-name',
  );
}
