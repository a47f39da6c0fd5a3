import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestServices, testServices } from '../../../src/testing/test-services.ts';
import { PATIENCE_MS, type Stage, type StageFooting } from './stage.ts';

const STEP_MS = 25;

/** The test broker, whose clock stands still until somebody waits. */
export async function virtualFooting(): Promise<StageFooting> {
  return {
    product: 'Leveret',
    open: async (faults) => {
      const directory = await mkdtemp(join(tmpdir(), 'leveret-services-'));
      const databaseUrl = (service: string): string => `file:${join(directory, service)}.db`;
      const services = await testServices([], { ...faults, databaseUrl, deadLetters: 'allowed' });
      return new VirtualStage(services, directory);
    },
    close: async () => {},
  };
}

class VirtualStage implements Stage {
  readonly address: Stage['address'];
  readonly run: Stage['run'];
  readonly #services: TestServices;
  readonly #directory: string;

  constructor(services: TestServices, directory: string) {
    this.#services = services;
    this.#directory = directory;
    this.address = services.broker;
    this.run = (units) => services.run(units);
  }

  async until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    const { clock } = this.#services;
    await clock.advance(0);
    for (let passedMs = 0; !(await condition()); passedMs += STEP_MS) {
      if (passedMs > PATIENCE_MS) throw new Error(`${what}: not so within ${PATIENCE_MS} ms of the clock`);
      await clock.advance(STEP_MS);
    }
  }

  async whenDone<T>(promise: Promise<T>): Promise<T> {
    let isDone = false;
    const done = (): void => {
      isDone = true;
    };
    promise.then(done, done);
    await this.until('the promise is settled', () => isDone);
    return promise;
  }

  async disturb(): Promise<void> {}

  async close(): Promise<void> {
    await this.#services.close();
    await rm(this.#directory, { recursive: true, force: true });
  }
}
