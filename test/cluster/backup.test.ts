/** What docs/cluster.md says about back-ups: both streams are copied, lost, and put back; and what was in queues is there. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type Client, connect } from '../../src/client/client.ts';
import { initCluster } from '../../src/cluster/cluster-init.ts';
import { type RunningBroker, startBroker } from '../../src/daemon/start-broker.ts';
import type { NatsConnection } from '../../src/storage/jetstream/nats-connection.ts';
import { bucketStreamName, streamName } from '../../src/storage/jetstream/nats-names.ts';
import { describeWithNats } from '../servers/nats.ts';
import { natsUnderTest } from './nats-under-test.ts';
import { copyStream, restoreStream, type StreamCopy } from './stream-copy.ts';

const PARKED = 200;
const AT_ONCE = 20;
const TIMEOUT_MS = 120_000;
/** Large, so that few messages fill pages, and those that stay are moved to cold. */
const BODY = Buffer.alloc(32 * 1024, 'x');

describeWithNats('a copy of both streams', () => {
  const nats = natsUnderTest();

  test('made while no node runs, is all that was in queues', { timeout: TIMEOUT_MS }, async () => {
    const admin = await nats.connect();
    const cluster = await nats.newCluster(admin);
    const broker = await startNode(cluster);
    await withClient(broker, async (client) => {
      await park(client, PARKED);
      await churn(client, 1_200);
    });
    await broker.close();
    const main = await copyStream(admin, streamName(cluster, 'main'));
    const cold = await copyStream(admin, streamName(cluster, 'cold'));
    expect(bytesOf(cold)).toBeGreaterThan(PARKED * BODY.length);
    await loseAndRestore(admin, cluster, [main, cold]);
    expect(await parkedAfterStart(cluster)).toEqual(numbers(PARKED));
  });

  test('made of main and then of cold while a node works, has all that was there before', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const admin = await nats.connect();
    const cluster = await nats.newCluster(admin);
    const broker = await startNode(cluster);
    const copies = await withClient(broker, async (client) => {
      await park(client, PARKED);
      const churning = churn(client, 2_000);
      await untilColdHas(admin, cluster, (PARKED / 4) * BODY.length);
      const main = await copyStream(admin, streamName(cluster, 'main'));
      await untilColdHas(admin, cluster, PARKED * BODY.length);
      const cold = await copyStream(admin, streamName(cluster, 'cold'));
      await churning;
      return [main, cold];
    });
    await broker.close();
    await loseAndRestore(admin, cluster, copies);
    expect(await parkedAfterStart(cluster)).toEqual(numbers(PARKED));
  });

  test('of which cold is newer than a take-over, and main older, is refused', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const admin = await nats.connect();
    const cluster = await nats.newCluster(admin);
    const first = await startNode(cluster);
    await withClient(first, (client) => park(client, 1));
    await first.close();
    const main = await copyStream(admin, streamName(cluster, 'main'));
    const second = await startNode(cluster);
    await withClient(second, (client) => park(client, 1));
    await second.close();
    const cold = await copyStream(admin, streamName(cluster, 'cold'));
    await loseAndRestore(admin, cluster, [main, cold]);
    const failed = new Promise<string>((resolve) => {
      startNode(cluster, (error) => resolve(error.code)).catch(() => undefined);
    });
    expect(await failed).toBe('DATA_DAMAGED');
  });

  async function startNode(
    clusterName: string,
    onFailure?: (error: { readonly code: string }) => void,
  ): Promise<RunningBroker> {
    const dataDir = mkdtempSync(join(tmpdir(), 'leveret-node-'));
    const broker = await startBroker({
      ...{ storage: 'jetstream', clusterName, nodeName: 'a', dataDir, lease: 1_000 },
      ...{ nats: nats.servers.urls, natsMonitor: nats.servers.monitorUrls },
      ...{ amqpPort: 0, clusterPort: 0, host: ['127.0.0.1'] },
      ...(onFailure && { onFailure }),
    });
    onTestFinished(async () => {
      await broker.close();
      rmSync(dataDir, { recursive: true, force: true });
    });
    return broker;
  }

  async function parkedAfterStart(cluster: string): Promise<number[]> {
    const broker = await startNode(cluster);
    return withClient(broker, async (client) => {
      const seen: number[] = [];
      await new Promise<void>((resolve) => {
        void client.consume('parked', (delivery) => {
          seen.push(Number(delivery.messageId));
          if (delivery.messageId === String(PARKED - 1)) resolve();
        });
      });
      return seen;
    });
  }
});

async function withClient<T>(broker: RunningBroker, use: (client: Client) => Promise<T>): Promise<T> {
  const client = await connect(broker.url ?? '');
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

async function park(client: Client, count: number): Promise<void> {
  await client.declare({ queues: [{ queue: 'parked' }, { queue: 'churn' }] });
  await Promise.all(
    numbers(count).map((number) =>
      client.publish({ routingKey: 'parked', body: BODY, messageId: String(number) }),
    ),
  );
}

/** Fills pages with what is settled at once. */
async function churn(client: Client, count: number): Promise<void> {
  await client.consume('churn', () => undefined);
  for (let i = 0; i < count; i += AT_ONCE) {
    await Promise.all(numbers(AT_ONCE).map(() => client.publish({ routingKey: 'churn', body: BODY })));
  }
}

async function untilColdHas(admin: NatsConnection, cluster: string, bytes: number): Promise<void> {
  const { api } = await admin.link(1_000);
  const stored = async (): Promise<number> =>
    (await api.streams.info(streamName(cluster, 'cold'))).state.bytes;
  await expect.poll(stored, { timeout: TIMEOUT_MS }).toBeGreaterThan(bytes);
}

async function loseAndRestore(
  admin: NatsConnection,
  cluster: string,
  copies: readonly StreamCopy[],
): Promise<void> {
  const { api } = await admin.link(1_000);
  for (const stream of [
    streamName(cluster, 'main'),
    streamName(cluster, 'cold'),
    bucketStreamName(cluster),
  ]) {
    await api.streams.delete(stream);
  }
  for (const copy of copies) await restoreStream(admin, copy);
  const made = await initCluster(admin, { cluster, replicas: 3 });
  expect(made.map(({ isNew }) => isNew)).toEqual([false, false, true]);
}

function bytesOf({ state }: StreamCopy): number {
  return (state as { readonly bytes: number }).bytes;
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
