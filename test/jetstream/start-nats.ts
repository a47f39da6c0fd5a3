import type { TestProject } from 'vitest/node';
import { natsInstalled, startNatsCluster } from '../servers/nats.ts';
import './provided-nats.ts';

/** Once for all tests on JetStream: three servers that sync each write. Returns how to end them. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  if (!natsInstalled()) throw new Error('there is no nats-server: npm run fetch-nats');
  const cluster = await startNatsCluster();
  project.provide('nats', { servers: cluster.urls, monitors: cluster.monitorUrls });
  return () => cluster.close();
}
