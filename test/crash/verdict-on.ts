import type { Mistakes } from './broker-run.ts';
import { enumerateCrashes } from './crash-enumeration.ts';
import { noTotals, type WorkloadKind, workloadOptions } from './crash-run.ts';

/** Within so many crash states each mistake must be found. */
const STATES_MAX = 20_000;
/** What the checker says. */
const VERDICTS =
  /is lost|is back|is damaged|is missing|out of order|not whole|not marked|no group ends|a second start|counts \d+ live|its clients found|is not shown so|changed without a block|of (?:main|cold) is durable/;

/** Lets workloads crash until something is found. Throws what is no verdict of the checker: then the test is mistaken. */
export async function verdictOn(kind: WorkloadKind, mistakes: Mistakes): Promise<string> {
  const totals = noTotals();
  for (let seed = 1; totals.states < STATES_MAX; seed++) {
    try {
      await enumerateCrashes(workloadOptions(kind, seed, mistakes), totals);
    } catch (error) {
      if (VERDICTS.test(String(error))) return String(error);
      throw error;
    }
  }
  return 'nothing was found';
}
