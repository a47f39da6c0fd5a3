import type { WorkerOptions } from 'node:worker_threads';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type ScryptJob, ScryptWorker } from './scrypt-worker.ts';

const CHEAP: ScryptJob = {
  password: 'pässwörd',
  salt: new Uint8Array(16),
  keyBytes: 32,
  parameters: { log2N: 4, r: 8, p: 1 },
};

function run(worker: ScryptWorker, job: ScryptJob): Promise<Uint8Array | undefined> {
  return new Promise((resolve) => worker.run(job, resolve));
}

test('what is too much is refused at once, and there is room again later', async () => {
  const worker = new ScryptWorker();
  const keys = await Promise.all(Array.from({ length: 40 }, () => run(worker, CHEAP)));
  expect(keys.filter((key) => key === undefined).length).toBe(15);
  expect(await run(worker, CHEAP)).toEqual(keys[0]);
});

test('a job that cannot be done is no end of the worker', async () => {
  const worker = new ScryptWorker();
  expect(await run(worker, { ...CHEAP, parameters: { log2N: 25, r: 8, p: 1 } })).toBeUndefined();
  expect(await run(worker, CHEAP)).toHaveLength(32);
});

describe('a thread', () => {
  afterEach(() => vi.doUnmock('node:worker_threads'));

  /** What becomes of each thread that is started, one after the other; behind them all go well. */
  async function workerWith(...fates: readonly ('not started' | 'dies')[]): Promise<ScryptWorker> {
    const { Worker } = await vi.importActual<typeof import('node:worker_threads')>('node:worker_threads');
    vi.resetModules();
    vi.doMock('node:worker_threads', () => ({
      Worker: class {
        constructor(program: string, options: WorkerOptions) {
          const fate = fates[count++];
          if (fate === 'not started') throw new Error('ERR_WORKER_INIT_FAILED');
          // biome-ignore lint/correctness/noConstructorReturn: it stands for the real one
          return new Worker(fate === 'dies' ? 'process.exit(1)' : program, options);
        }
      },
    }));
    let count = 0;
    const { ScryptWorker: Fresh } = await import('./scrypt-worker.ts');
    return new Fresh();
  }

  test('that dies costs the job that it had, and those behind it get another one', async () => {
    const worker = await workerWith('dies');
    const keys = await Promise.all([run(worker, CHEAP), run(worker, CHEAP), run(worker, CHEAP)]);
    expect(keys.map((key) => key?.length)).toEqual([undefined, 32, 32]);
  });

  test('that cannot be started costs the job that it was for', async () => {
    const worker = await workerWith('not started', 'not started');
    const keys = await Promise.all([run(worker, CHEAP), run(worker, CHEAP), run(worker, CHEAP)]);
    expect(keys.map((key) => key?.length)).toEqual([undefined, undefined, 32]);
  });
});
