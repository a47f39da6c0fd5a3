import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runWith, systemEnvironment } from '../../../src/services/runtime/run.ts';
import type { App, Unit } from '../../../src/services/services.ts';
import { injectedFaults } from '../../../src/testing/injected-faults.ts';
import type { Footing } from '../../client/footing.ts';
import { leveretFooting } from '../../client/leveret-footing.ts';
import { rabbitmqFooting } from '../../client/rabbitmq-footing.ts';
import { PATIENCE_MS, type Stage, type StageFooting } from './stage.ts';

const ASK_AGAIN_MS = 10;
const SEED = 1;

/** Leveret in a process of its own. */
export async function leveretStages(): Promise<StageFooting> {
  return stagesOn(await leveretFooting(), async () => {});
}

/** The same, killed with SIGKILL and started again in the middle of each test. */
export async function killedLeveretStages(): Promise<StageFooting> {
  const footing = await leveretFooting();
  return stagesOn(footing, () => footing.restart());
}

/** Debian's RabbitMQ, whose connections are cut in the middle of each test. */
export async function rabbitmqStages(): Promise<StageFooting> {
  const footing = await rabbitmqFooting();
  return stagesOn(footing, async () => footing.cut());
}

function stagesOn(footing: Footing, disturb: () => Promise<void>): StageFooting {
  return {
    product: footing.product,
    open: async (faults) => {
      const directory = await mkdtemp(join(tmpdir(), 'leveret-services-'));
      const environment = { ...systemEnvironment, faults: injectedFaults(faults, SEED) };
      const options = {
        broker: footing.address,
        databaseUrl: (service: string) => `file:${join(directory, service)}.db`,
      };
      const run = (units: readonly Unit[]): Promise<App> => runWith(units, options, environment);
      return new ServerStage(footing.address as Stage['address'], run, disturb, directory);
    },
    close: () => footing.close(),
  };
}

class ServerStage implements Stage {
  readonly address: Stage['address'];
  readonly disturb: Stage['disturb'];
  readonly #run: Stage['run'];
  readonly #directory: string;
  readonly #apps: App[] = [];

  constructor(address: Stage['address'], run: Stage['run'], disturb: Stage['disturb'], directory: string) {
    this.address = address;
    this.disturb = disturb;
    this.#run = run;
    this.#directory = directory;
  }

  async run(units: readonly Unit[]): Promise<App> {
    const app = await this.#run(units);
    this.#apps.push(app);
    return app;
  }

  /** There is no event for what a test may ask. */
  async until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    const untilMs = performance.now() + PATIENCE_MS;
    while (!(await condition())) {
      if (performance.now() > untilMs) throw new Error(`${what}: not so within ${PATIENCE_MS} ms`);
      await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
    }
  }

  whenDone<T>(promise: Promise<T>): Promise<T> {
    return promise;
  }

  async close(): Promise<void> {
    await Promise.all(this.#apps.map((app) => app.close({ timeoutMs: 2_000 })));
    await rm(this.#directory, { recursive: true, force: true });
  }
}
