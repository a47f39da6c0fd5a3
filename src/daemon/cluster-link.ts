import { probeCluster } from '../cluster/cluster-probe.ts';
import type { LeaseStore } from '../cluster/lease-store.ts';
import { openLeaseStore } from '../cluster/nats-lease-store.ts';
import type { NodeRecords } from '../cluster/node-records.ts';
import type { BrokerEvent } from '../core/environment.ts';
import { StorageError } from '../storage/file/storage-error.ts';
import { connectNats, type NatsConnection } from '../storage/jetstream/nats-connection.ts';
import { openNatsLog } from '../storage/jetstream/nats-log.ts';
import type { ReplicatedLog } from '../storage/jetstream/replicated-log.ts';
import { monitorUrls } from './monitor-urls.ts';
import type { OptionValues } from './options.ts';

/** At a start the servers may be starting, too: how long they are waited for, and how often they are asked. */
const START_PATIENCE_MS = 60_000;
const START_RETRY_MS = 500;

/** What a node has of NATS: the log in two parts, the lease, and who is there. */
export interface ClusterLink {
  readonly nats: NatsConnection;
  readonly main: ReplicatedLog;
  readonly cold: ReplicatedLog;
  readonly records: LeaseStore & NodeRecords;
}

/**
 * Connects to the servers, which may be on their way, and looks whether they keep what they confirm.
 *
 * @throws StorageError NATS_UNREACHABLE when nobody answers within a minute; NATS_UNSAFE for servers or streams that are not as they
 *   must be.
 */
export async function openClusterLink(
  values: OptionValues,
  onEvent: (event: BrokerEvent) => void,
): Promise<ClusterLink> {
  const endMs = performance.now() + START_PATIENCE_MS;
  const tell = onceEach(onEvent);
  for (let attempt = 1; ; attempt++) {
    try {
      return await openOnce(values, tell, onEvent);
    } catch (error) {
      if (!isUnreachable(error) || performance.now() > endMs) throw error;
      if (attempt === 1)
        onEvent({ level: 'warn', text: `cluster: ${error.message}; trying again for a minute` });
      await new Promise((resolve) => setTimeout(resolve, START_RETRY_MS));
    }
  }
}

/** Each attempt finds the same. */
function onceEach(onEvent: (event: BrokerEvent) => void): (event: BrokerEvent) => void {
  const told = new Set<string>();
  return (event) => {
    if (told.has(event.text)) return;
    told.add(event.text);
    onEvent(event);
  };
}

/** `tell` is told of what is found at the start, `onEvent` of what happens later. */
async function openOnce(
  values: OptionValues,
  tell: (event: BrokerEvent) => void,
  onEvent: (event: BrokerEvent) => void,
): Promise<ClusterLink> {
  const { nats: servers, natsCredentials: credentials, natsCa: ca, clusterName: cluster } = values;
  const files = { ...(credentials && { credentials }), ...(ca && { ca }) };
  const nats = await connectNats({ servers, ...files, name: `leveret ${values.nodeName}`, onEvent });
  try {
    const acceptLoss = values.natsAcceptLoss === 'on';
    await probeCluster(nats, { cluster, monitorUrls: monitorUrls(values), acceptLoss, onEvent: tell });
    const [main, cold, records] = await Promise.all([
      openNatsLog(nats, cluster, 'main'),
      openNatsLog(nats, cluster, 'cold'),
      openLeaseStore(nats, cluster),
    ]);
    return { nats, main, cold, records };
  } catch (error) {
    await nats.close();
    throw error;
  }
}

function isUnreachable(error: unknown): error is StorageError {
  return error instanceof StorageError && error.code === 'NATS_UNREACHABLE';
}
