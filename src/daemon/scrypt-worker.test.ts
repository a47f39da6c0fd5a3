import { expect, test } from 'vitest';
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
