import { type EntryHeader, type EntryStream, readEntry } from '../../../src/storage/jetstream/entry.ts';
import { streamName } from '../../../src/storage/jetstream/nats-names.ts';
import { CLUSTER_NAME, type LabCluster } from './lab-cluster.ts';

/**
 * The headers of all entries that are in a stream of the cluster, oldest first; of those that the owner removes meanwhile some may be
 * left out. Throws for one that is not sound, or missing.
 */
export async function readStream({ admin }: LabCluster, stream: EntryStream): Promise<EntryHeader[]> {
  const name = streamName(CLUSTER_NAME, stream);
  const { state } = await admin.manager.streams.info(name);
  const headers: EntryHeader[] = [];
  for (let sequence = state.first_seq; sequence <= state.last_seq; sequence++) {
    const stored = await admin.manager.streams.getMessage(name, { seq: sequence });
    if (stored === null) {
      if (sequence < (await admin.manager.streams.info(name)).state.first_seq) continue;
      throw new Error(`${name} has no entry ${sequence}`);
    }
    const reading = readEntry(stored.data, { stream, sequence, identity: undefined });
    if (reading.kind !== 'sound') throw new Error(`${name}, entry ${sequence}: ${JSON.stringify(reading)}`);
    headers.push(reading.header);
  }
  return headers;
}
