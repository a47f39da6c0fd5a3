import { expect, test } from 'vitest';
import { Ownership } from '../../src/cluster/ownership.ts';
import { LEASE_MS, runOwnership } from './ownership-run.ts';

const REPLAY = 'npx vitest run --project quick test/cluster-simulation/ownership.test.ts';
const ONE_SEED = process.env['LEVERET_SEED'];
const SEED_COUNT = Number(process.env['LEVERET_SEED_COUNT'] ?? 2_000);
const SEEDS =
  ONE_SEED === undefined ? Array.from({ length: SEED_COUNT }, (_, seed) => seed) : [Number(ONE_SEED)];

test('at no time two nodes own the log, and soon after all faults one does', {
  timeout: 60_000 + SEED_COUNT * 30,
}, async () => {
  let [termCount, handOverCount, quietMsMax] = [0, 0, 0];
  for (const seed of SEEDS) {
    const verdict = await runOwnership(seed, (options) => new Ownership(options));
    expect(verdict.problem, `LEVERET_SEED=${seed} ${REPLAY}`).toBeUndefined();
    termCount += verdict.termCount;
    handOverCount += verdict.handOverCount;
    quietMsMax = Math.max(quietMsMax, verdict.quietMs);
  }
  if (ONE_SEED !== undefined) return;
  // The faults are there: much changed hands, by all ways, and a lease had to run out.
  expect(termCount).toBeGreaterThan(4 * SEEDS.length);
  expect(handOverCount).toBeGreaterThan(SEEDS.length / 2);
  expect(quietMsMax).toBeGreaterThan(LEASE_MS);
});
