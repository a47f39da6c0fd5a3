import type { LogSizes, Mistakes } from './broker-run.ts';
import { type EnumerationOptions, type EnumerationTotals, enumerateCrashes } from './crash-enumeration.ts';

/*
 *   npm run test:crash                                 all of it, about as many states as STATES
 *   npm run test:crash -- --deep                       a million states
 *   LEVERET_CRASH_STATES=20000 npm run test:crash      any other number
 *   LEVERET_SEED=17 npm run test:crash                 begins with the workload that a failure named
 */

const STATES = Number(process.env['LEVERET_CRASH_STATES'] ?? 250_000);
const FIRST_SEED = Number(process.env['LEVERET_SEED'] ?? 1);

/** Kinds of workloads: what is cheap to enumerate wholly, and what goes deep. */
export type WorkloadKind = 'short' | 'long' | 'cleaning';

const SIZES: Readonly<Record<WorkloadKind, LogSizes>> = {
  short: {
    pageBytesFirst: 1024,
    pageBytesMax: 4096,
    segmentBytesMax: 8192,
    deadBytesAllowed: 2048,
    residentBytesMax: 64 * 1024,
  },
  long: {
    pageBytesFirst: 2048,
    pageBytesMax: 4096,
    segmentBytesMax: 8192,
    deadBytesAllowed: 4096,
    residentBytesMax: 16 * 1024,
  },
  cleaning: {
    pageBytesFirst: 512,
    pageBytesMax: 1024,
    segmentBytesMax: 2048,
    deadBytesAllowed: 1024,
    residentBytesMax: 4096,
  },
};

const WORKLOADS: Readonly<Record<WorkloadKind, Omit<EnumerationOptions, 'seed' | 'sizes'>>> = {
  // Three operations: points with some hundred thousand states are rare, and the rest is looked at wholly.
  short: { steps: 3, restarts: 0, statesPerPointMax: 4096 },
  long: { steps: 60, restarts: 2, statesPerPointMax: 40 },
  cleaning: { steps: 250, restarts: 3, statesPerPointMax: 8 },
};

export function workloadOptions(kind: WorkloadKind, seed: number, mistakes?: Mistakes): EnumerationOptions {
  return { ...WORKLOADS[kind], seed, sizes: SIZES[kind], mistakes };
}

export function noTotals(): EnumerationTotals {
  return { states: 0, points: 0, exhaustedPoints: 0, brokers: 0, recoveryStates: 0 };
}

/** Enumerates workloads of one kind after another, until `share` of all states was looked at, and prints what that was. */
export async function runCrashes(kind: WorkloadKind, share: number): Promise<EnumerationTotals> {
  const statesWanted = Math.ceil(STATES * share);
  const totals = noTotals();
  let seed = FIRST_SEED;
  for (; totals.states < statesWanted; seed++) {
    try {
      await enumerateCrashes(workloadOptions(kind, seed), totals);
    } catch (error) {
      const replay = `LEVERET_SEED=${seed} npm run test:crash -- -t '${kind} workloads'`;
      throw new Error(`after ${totals.states} states, replay with: ${replay}\n${String(error)}`, {
        cause: error,
      });
    }
  }
  process.stdout.write(`${totalsText(kind, seed - FIRST_SEED, totals)}\n`);
  return totals;
}

function totalsText(kind: WorkloadKind, workloads: number, totals: EnumerationTotals): string {
  const { states, points, exhaustedPoints, brokers, recoveryStates } = totals;
  return (
    `${workloads} ${kind} workloads from seed ${FIRST_SEED} on: ${states} crash states at ${points} points ` +
    `(${exhaustedPoints} with all their states), ${recoveryStates} of them in the middle of a recovery, ` +
    `${brokers} served by a whole broker`
  );
}
