import { expect, test } from 'vitest';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { enumerateCrashes } from './crash-enumeration.ts';
import { noTotals, workloadOptions } from './crash-run.ts';
import type { DiskFault, DiskFaults } from './simulated-disk.ts';

/*
 * The i-th operation of the disk fails, for each i; sometimes those behind it, too. Whatever the broker does then: what it
 * promises, before and afterwards, must survive.
 *
 *   LEVERET_FAULT_RUNS=2500 npm run test:crash -- -t fails
 *   LEVERET_SEED=17 LEVERET_FAULT_RUNS=1 npm run test:crash -- -t fails     the run that a failure named
 */

const RUNS = Number(process.env['LEVERET_FAULT_RUNS'] ?? 500);
const FIRST_SEED = Number(process.env['LEVERET_SEED'] ?? 1);
/** Operations of the disk while clients work, about: those of a short life, and those of a long one that cleans. */
const OPERATIONS = { long: 36, cleaning: 180 } as const;
const STEPS = { long: 60, cleaning: 100 } as const;

/** Fails operation `number`, and as many behind it as the seed wants. */
function faultsFrom(
  seed: number,
  number: number,
): { readonly faults: DiskFaults; readonly failed: () => number } {
  const random = new SeededRandom(seed);
  const count = random.uint32() % 4 === 0 ? 2 + (random.uint32() % 3) : 1;
  const code = random.uint32() % 2 === 0 ? 'EIO' : 'ENOSPC';
  let operations = 0;
  let failed = 0;
  const faults: DiskFaults = (operation): DiskFault | undefined => {
    const at = operations++;
    if (at < number || at >= number + count) return undefined;
    failed++;
    const bytes = operation.kind === 'write' ? operation.bytes.length : 0;
    return { code, bytesDone: random.uint32() % (bytes + 1) };
  };
  return { faults, failed: () => failed };
}

test(`when an operation of the disk fails, no promise is broken: ${RUNS} runs`, async () => {
  const totals = noTotals();
  let failedCount = 0;
  for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) {
    const kind = seed % 2 === 0 ? 'long' : 'cleaning';
    const { faults, failed } = faultsFrom(seed, Math.floor(seed / 2) % OPERATIONS[kind]);
    const limits = { steps: STEPS[kind], restarts: 1, statesPerPointMax: 2 };
    const options = { ...workloadOptions(kind, seed), ...limits, faults };
    try {
      await enumerateCrashes(options, totals);
    } catch (error) {
      const replay = `LEVERET_SEED=${seed} LEVERET_FAULT_RUNS=1 npm run test:crash -- -t fails`;
      throw new Error(`replay with: ${replay}\n${String(error)}`, { cause: error });
    }
    failedCount += failed();
  }
  process.stdout.write(`${RUNS} runs with ${failedCount} failed operations: ${totals.states} crash states\n`);
  expect(failedCount).toBeGreaterThan(RUNS / 2);
});
