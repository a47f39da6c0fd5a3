import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../src/services/clock.ts';
import type { HandlerOptions } from '../../../src/services/part.ts';
import type { Environment } from '../../../src/services/runtime/environment.ts';
import type { Footing } from '../../client/footing.ts';
import { StartedProcess } from '../../servers/child-process.ts';
import { OrderedScene, StepLog } from './ordered-scene.ts';

const PROCESS = fileURLToPath(new URL('stepper-process.ts', import.meta.url));
const LOOK_MS = 25;

const environment: Environment = {
  clock: systemClock,
  random: Math.random,
  faults: undefined,
  workBegan: () => {},
  workEnded: () => {},
  pausesBetweenAttempts: true,
};

const lasting = (ms: number) => (): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What ordered handlers do on a broker that is another process. */
export function orderedSuite(name: string, openFooting: () => Promise<Footing>): void {
  describe(name, () => {
    let footing: Footing;
    beforeAll(async () => {
      footing = await openFooting();
    });
    afterAll(() => footing.close());

    async function openScene(
      options: Omit<HandlerOptions, 'ordered'> = {},
      queueType: 'classic' | 'quorum' = 'classic',
    ): Promise<OrderedScene> {
      const scene = await new OrderedScene(footing.address, options, queueType).open();
      onTestFinished(() => scene.close());
      return scene;
    }

    test.each(['classic', 'quorum'] as const)(
      'instances that come and go keep the order of %s queues, and handle each message once',
      async (queueType) => {
        const scene = await openScene({ concurrency: 8 }, queueType);
        const running = [await scene.start('first', environment, lasting(1))];
        let isDone = false;
        const coming = (async () => {
          for (let count = 0; !isDone; count += 1) {
            running.push(await scene.start(`instance-${count}`, environment, lasting(1)));
            if (running.length > 3) await running.shift()?.stop();
          }
        })();
        for (let n = 0; n < 20; n += 1) {
          await scene.publishSteps(200, n, n + 1);
          await scene.log.seen(200 * (n - 1));
        }
        await scene.log.seen(4_000);
        isDone = true;
        await coming;
        scene.log.expectInOrder(20);
        expect(scene.log.overlapCount).toBe(0);
        expect(scene.log.steps).toHaveLength(4_000);
        expect(scene.log.instances.size).toBeGreaterThan(2);
      },
    );

    test('a line that is cut again and again keeps the order', async () => {
      const scene = await openScene({ concurrency: 8 });
      for (const each of ['a', 'b', 'c']) await scene.start(each, environment, lasting(1));
      for (let n = 0; n < 20; n += 1) {
        await scene.publishSteps(100, n, n + 1);
        if (n % 4 === 3) footing.cut();
      }
      await scene.log.seen(2_000);
      scene.log.expectInOrder(20);
    });

    test('more at a time are handled faster: 16 at least 8 times as fast as one', async () => {
      const timeOf = async (concurrency: number): Promise<number> => {
        const scene = await openScene({ concurrency });
        await scene.publishSteps(100, 0, 2);
        let beganMs = 0;
        await scene.start('a', environment, () => {
          if (beganMs === 0) beganMs = performance.now();
          return lasting(5)();
        });
        await scene.log.seen(200);
        scene.log.expectInOrder(2);
        return performance.now() - beganMs;
      };
      // the machine may be busy with something else for one of them
      const ratios: number[] = [];
      while (ratios.length < 4 && !ratios.some((ratio) => ratio >= 8)) {
        const oneMs = await timeOf(1);
        ratios.push(oneMs / (await timeOf(16)));
      }
      expect(Math.max(...ratios)).toBeGreaterThanOrEqual(8);
    });

    test('200 keys over four processes that come, go and are killed: no inversion, no loss', async () => {
      const scene = await openScene();
      const log = await FileLog.open();
      const broker = footing.address as string;
      const start = async (): Promise<StartedProcess> => {
        const names = [scene.unit.name, scene.contract.name];
        const args = ['--import', 'tsx', PROCESS, broker, ...names, log.path];
        const started = new StartedProcess(process.execPath, args);
        onTestFinished(() => started.kill());
        await started.line('ready');
        return started;
      };
      const running = await Promise.all([start(), start(), start(), start()]);
      let rounds = 0;
      let isDone = false;
      const publishing = (async () => {
        for (; !isDone; rounds += 1) {
          await scene.publishSteps(200, rounds, rounds + 1);
          await log.seen((seen) => seen.seenCount > 200 * (rounds - 5));
        }
      })();
      for (let count = 1; count <= 4; count += 1) {
        const leaving = running.shift() as StartedProcess;
        if (count % 2 === 0) await leaving.kill();
        else expect(await leaving.stop()).toEqual({ code: 0, signal: null });
        running.push(await start());
        await log.seen(({ instances }) => instances.size === 4 + count);
      }
      isDone = true;
      await publishing;
      await log.seen(({ seenCount }) => seenCount === 200 * rounds);
      for (const each of running) await each.stop();
      log.read().expectInOrder(rounds);
    });
  });
}

/** What processes write into one file, in the order in which they did. */
class FileLog {
  readonly path: string;
  readonly #log: StepLog = new StepLog();
  readonly #file: number;
  #rest = '';

  private constructor(path: string) {
    this.path = path;
    this.#file = openSync(path, 'a+');
    onTestFinished(() => closeSync(this.#file));
  }

  static async open(): Promise<FileLog> {
    const folder = await mkdtemp(join(tmpdir(), 'leveret-ordered-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    return new FileLog(join(folder, 'steps.log'));
  }

  /** All that is there by now. */
  read(): StepLog {
    const lines = (this.#rest + readFileSync(this.#file, 'utf8')).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const [pid = '', key = '', n] = line.split(' ');
      this.#log.end({ key, n: Number(n) }, pid);
    }
    return this.#log;
  }

  async seen(isEnough: (log: StepLog) => boolean): Promise<void> {
    while (!isEnough(this.read())) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
