/** The engine over real servers: what it does over a simulated log must hold here, too. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { NodeDisk } from '../../src/storage/file/node-disk.ts';
import { openNatsLog } from '../../src/storage/jetstream/nats-log.ts';
import {
  type JetStreamEngines,
  openJetStreamEngines,
} from '../../src/storage/jetstream/open-jetstream-engines.ts';
import { describeWithNats } from '../servers/nats.ts';
import { logEngineSuite } from '../storage/log-engine-suite.ts';
import { natsUnderTest, until } from './nats-under-test.ts';

describeWithNats('JetStream', () => {
  const nats = natsUnderTest();

  logEngineSuite('JetStreamEngine over NATS', async () => {
    const connection = await nats.connect();
    const cluster = await nats.newCluster(connection);
    const directory = await mkdtemp(join(tmpdir(), 'leveret-scratch-'));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const logs = {
      main: await openNatsLog(connection, cluster, 'main'),
      cold: await openNatsLog(connection, cluster, 'cold'),
    };
    const open = (): Promise<JetStreamEngines> =>
      openJetStreamEngines({
        ...logs,
        disk: new NodeDisk(directory),
        events: {
          onEvent: () => undefined,
          onFailure: (reason) => {
            throw reason;
          },
          onFull: () => undefined,
        },
        holdsLease: () => true,
      });
    let engines = await open();
    const close = async (): Promise<void> => {
      await Promise.all([engines.main.close(), engines.cold.close(), engines.spill.close()]);
      await engines.release();
    };
    return {
      engine: engines.main,
      settled: () => until('all is durable', () => engines.main.durableBlock === engines.main.lastBlock),
      stores: true,
      reopened: async () => {
        await close();
        engines = await open();
        return engines.main;
      },
    };
  });
});
