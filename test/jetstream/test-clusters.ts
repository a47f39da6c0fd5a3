import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import { initCluster } from '../../src/cluster/cluster-init.ts';
import { connectNats } from '../../src/storage/jetstream/nats-connection.ts';
import './provided-nats.ts';

const REPLICAS = 3;

const directories: string[] = [];
/** By the data directory that a broker is started on again. */
const clusters = new Map<string, Promise<readonly string[]>>();

/** The arguments of `leveret serve` for a cluster with one node: a new one, but for a data directory that was used before. */
export async function onCluster(dataDir: string | undefined): Promise<readonly string[]> {
  if (dataDir === undefined) return newCluster(await newDirectory());
  const known = clusters.get(dataDir);
  if (known !== undefined) return known;
  const made = newCluster(dataDir);
  clusters.set(dataDir, made);
  return made;
}

/** Removes what brokers had on the disk that nobody gave a directory for. */
export async function endTestClusters(): Promise<void> {
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true, force: true });
}

async function newCluster(dataDir: string): Promise<readonly string[]> {
  const { servers, monitors } = inject('nats');
  const cluster = `tests-${randomBytes(6).toString('hex')}`;
  const connection = await connectNats({ servers, onEvent: () => undefined });
  try {
    await initCluster(connection, { cluster, replicas: REPLICAS });
  } finally {
    await connection.close();
  }
  return [
    ...['--storage', 'jetstream', '--nats', servers.join(','), '--nats-monitor', monitors.join(',')],
    ...['--cluster-name', cluster, '--node-name', 'n1', '--cluster-port', '0', '--data-dir', dataDir],
  ];
}

async function newDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'leveret-on-jetstream-'));
  directories.push(directory);
  return directory;
}
