import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { throwUncaught } from '../../src/client/call-listener.ts';
import { BrokerImage } from '../../src/core/recovery/broker-image.ts';
import { NodeDisk } from '../../src/storage/file/node-disk.ts';
import { openJetStreamEngines } from '../../src/storage/jetstream/open-jetstream-engines.ts';
import type { LogEngine } from '../../src/storage/log-engine.ts';
import { MessageLog } from '../../src/storage/message-log.ts';
import {
  type TestBroker,
  type TestBrokerOptions,
  VirtualBroker,
  type VirtualStorage,
} from '../../src/testing/test-broker.ts';
import { newTestLogs } from './test-logs.ts';

/** In place of the test broker in memory: the same, on logs of its own. Its clock waits for what is under way to the servers. */
export async function startTestBroker(options: TestBrokerOptions = {}): Promise<TestBroker> {
  const storage = await openStorage();
  try {
    const running = new VirtualBroker(options, storage);
    if (options.amqpPort !== undefined) await running.listen(options.amqpPort);
    return running;
  } catch (error) {
    await storage.close();
    throw error;
  }
}

async function openStorage(): Promise<VirtualStorage> {
  const directory = await mkdtemp(join(tmpdir(), 'leveret-on-jetstream-'));
  const { main, cold, giveBack } = await newTestLogs();
  const events = { onEvent: () => undefined, onFailure: throwUncaught, onFull: () => undefined };
  const disk = new NodeDisk(directory);
  const engines = await openJetStreamEngines({ main, cold, disk, events, holdsLease: () => true });
  const store = new MessageLog(engines.main, { cold: engines.cold, spill: engines.spill });
  const image = new BrokerImage(store);
  await store.recover(image);
  const durabilities = [new Durability(engines.main), new Durability(engines.cold)];
  return {
    store,
    image,
    whenStored: async () => {
      for (const durability of durabilities) await durability.complete();
    },
    close: async () => {
      await Promise.all([engines.main.close(), engines.cold.close(), engines.spill.close()]);
      await engines.release();
      giveBack();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Listens to an engine, behind the log that it belongs to. */
class Durability {
  readonly #engine: LogEngine;
  readonly #waiting: (() => void)[] = [];

  constructor(engine: LogEngine) {
    this.#engine = engine;
    const tellLog = engine.onDurable;
    engine.onDurable = () => {
      tellLog();
      if (this.#isComplete) for (const wake of this.#waiting.splice(0)) wake();
    };
  }

  /** Resolves when all that was appended is durable. */
  complete(): Promise<void> {
    return this.#isComplete ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve));
  }

  get #isComplete(): boolean {
    return this.#engine.durableBlock === this.#engine.lastBlock;
  }
}
