import type { Driver } from './driver.ts';
import { describeOperation, type Operation } from './operation.ts';

/** How often two observations are repeated until they agree: brokers may take a moment to bring things about. */
const OBSERVATIONS_MAX = 60;
/** Observations in a row that must agree before the next operation is sent. */
const QUIET_OBSERVATIONS = 2;
/** After so many observations that differ, each further one waits a little, to leave the brokers the processor. */
const HASTY_OBSERVATIONS = 10;
const PAUSE_MS = 5;

/** The first step after which two brokers did not show the same. */
export interface Difference {
  readonly step: number;
  readonly operation: Operation;
  /** What each driver's broker showed. */
  readonly observed: readonly (readonly string[])[];
}

/** Runs a sequence on both brokers, step by step, until they differ. Leaves both clean. */
export async function compare(
  operations: readonly Operation[],
  drivers: readonly [Driver, Driver],
): Promise<Difference | undefined> {
  try {
    for (const [step, operation] of operations.entries()) {
      await Promise.all(drivers.map((driver) => driver.run(operation, step)));
      const observed = await observeUntilEqual(drivers);
      if (observed !== undefined) return { step, operation, observed };
    }
    return undefined;
  } finally {
    await Promise.all(drivers.map((driver) => driver.cleanUp()));
  }
}

/** Undefined when both show the same. */
async function observeUntilEqual(
  drivers: readonly [Driver, Driver],
): Promise<readonly string[][] | undefined> {
  let quiet = 0;
  let before = '';
  for (let count = 1; ; count++) {
    const observed = await Promise.all(drivers.map((driver) => driver.observe()));
    const [ours, theirs] = observed.map((lines) => lines.join('\n')) as [string, string];
    quiet = ours === theirs && (quiet === 0 || ours === before) ? quiet + 1 : 0;
    before = ours;
    if (quiet >= QUIET_OBSERVATIONS) return undefined;
    if (count >= OBSERVATIONS_MAX && ours !== theirs) return observed;
    if (count > HASTY_OBSERVATIONS) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

/** For people: the operations up to the difference, and the lines that only one broker showed. */
export function describeDifference(
  { step, observed }: Difference,
  operations: readonly Operation[],
  names: readonly string[],
): string {
  const lines = operations
    .slice(0, step + 1)
    .map((operation, at) => `  ${at}: ${describeOperation(operation)}`);
  for (const [at, name] of names.entries()) {
    lines.push(`${name} showed after step ${step}:`, ...(observed[at] ?? []).map((line) => `    ${line}`));
  }
  return lines.join('\n');
}
