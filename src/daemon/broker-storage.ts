import { BrokerImage } from '../core/recovery/broker-image.ts';
import { NodeDisk } from '../storage/file/node-disk.ts';
import { type FileEngines, openFileEngines } from '../storage/file/open-file-engines.ts';
import { diskFailed, StorageError } from '../storage/file/storage-error.ts';
import type { StorageEvents } from '../storage/file/storage-events.ts';
import { openJetStreamEngines } from '../storage/jetstream/open-jetstream-engines.ts';
import type { ReplicatedLog } from '../storage/jetstream/replicated-log.ts';
import { MemoryEngine } from '../storage/memory-engine.ts';
import { MessageLog } from '../storage/message-log.ts';
import { memorySize } from './memory-size.ts';
import type { OptionValues } from './options.ts';

/** The message log of one broker, with what it stands on: engines, and the lock on their directory. */
export interface BrokerStorage {
  readonly store: MessageLog;
  /** For texts: the data directory, or the streams. */
  readonly place: string;
  /** What the file system has left. */
  freeBytes(): Promise<number>;
  /** Somebody else has the log: `close` waits for nothing to become durable any more. */
  abandon(): void;
  /**
   * Waits until everything committed is durable, and lets go of everything. Calling it again is harmless.
   *
   * @throws StorageError DISK_FAILED when it does not become durable.
   */
  close(): Promise<void>;
}

/** A storage that was just opened. */
export interface OpenedStorage {
  readonly storage: BrokerStorage;
  /**
   * What was there before; undefined in memory. To be let go of once a broker is made of it: it has four bytes for each message
   * that was there.
   */
  readonly image: BrokerImage | undefined;
}

/**
 * Opens what the options name.
 *
 * @throws StorageError when the data directory cannot be used, is in use, or is damaged.
 */
export function openBrokerStorage(values: OptionValues, events: StorageEvents): Promise<OpenedStorage> {
  return values.storage === 'memory'
    ? Promise.resolve({ storage: inMemory(), image: undefined })
    : onDisk(values, events);
}

function inMemory(): BrokerStorage {
  return {
    store: new MessageLog(new MemoryEngine()),
    place: 'memory',
    freeBytes: () => Promise.resolve(Number.POSITIVE_INFINITY),
    abandon: () => {},
    close: () => Promise.resolve(),
  };
}

async function onDisk(values: OptionValues, events: StorageEvents): Promise<OpenedStorage> {
  const disk = new NodeDisk(values.dataDir);
  const engines = await openFileEngines(disk, events);
  return recovered(engines, { values, events, disk, place: disk.path });
}

/**
 * Who takes over reads what is dead, too, and nobody is served meanwhile: 20 MiB in small entries took up to 0.5 s. What cleaning
 * copies in all is about the same, since it waits until half of the log is dead.
 */
const DEAD_BYTES_IN_CLUSTER = 4 * 2 ** 20;

/** The log of a cluster, which this node owns: what is appended goes to `logs`, and the data directory is only for copies. */
export interface OwnedLogs {
  readonly main: ReplicatedLog;
  readonly cold: ReplicatedLog;
  /** There was an owner with this epoch, whatever the log says: an older one was lost, or put back. */
  readonly epochSeen: number;
  /** Asked before anything is reported to be durable. */
  holdsLease(): boolean;
  /** No former owner can append any more. */
  onFenced(epoch: number): void;
}

/**
 * Fences the log of a cluster and reads it.
 *
 * @throws StorageError OWNERSHIP_LOST, NATS_UNREACHABLE, DATA_DAMAGED, and those of the data directory
 */
export async function openClusterStorage(
  values: OptionValues,
  { main, cold, epochSeen, holdsLease, onFenced }: OwnedLogs,
  events: StorageEvents,
): Promise<OpenedStorage> {
  const disk = new NodeDisk(values.dataDir);
  const engines = await openJetStreamEngines({ main, cold, disk, events, epochSeen, holdsLease });
  onFenced(engines.epoch);
  const deadBytesAllowed = DEAD_BYTES_IN_CLUSTER;
  return recovered(engines, { values, events, disk, place: main.name, deadBytesAllowed });
}

/**
 * Tries what a take-over will need of this machine: a node that stands by for weeks is not to find out then.
 *
 * @throws StorageError DATA_DIR_IN_USE, DATA_DIR_UNUSABLE
 */
export async function checkDataDir({ dataDir }: OptionValues): Promise<void> {
  const lock = await new NodeDisk(dataDir).lock();
  await lock.release();
}

async function recovered(
  engines: LogEngines,
  { values, events, disk, place, deadBytesAllowed }: Recovery,
): Promise<OpenedStorage> {
  try {
    const store = new MessageLog(engines.main, {
      cold: engines.cold,
      spill: engines.spill,
      residentBytesMax: memorySize(values.memoryBudget),
      ...(deadBytesAllowed !== undefined && { deadBytesAllowed }),
      onFailure: (error) => events.onFailure(readFailure(error, disk.path)),
    });
    const image = new BrokerImage(store);
    await store.recover(image);
    let closed: Promise<void> | undefined;
    const close = (): Promise<void> => {
      closed ??= closeAll(engines);
      return closed;
    };
    const abandon = (): void => engines.abandon?.();
    return { storage: { store, place, freeBytes: () => disk.freeBytes(), abandon, close }, image };
  } catch (error) {
    await closeAll(engines);
    throw error;
  }
}

/** Of a directory, or of a term of a cluster. */
type LogEngines = FileEngines & { abandon?(): void };

interface Recovery {
  readonly values: OptionValues;
  readonly events: StorageEvents;
  readonly disk: NodeDisk;
  readonly place: string;
  readonly deadBytesAllowed?: number;
}

function readFailure(error: Error, path: string): StorageError {
  return error instanceof StorageError ? error : diskFailed(path, 'reading messages', error);
}

/** The lock is the last to go, whatever happens before. */
async function closeAll({ main, cold, spill, release }: FileEngines): Promise<void> {
  const results = await Promise.allSettled([main.close(), cold.close(), spill.close()]);
  await release();
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
