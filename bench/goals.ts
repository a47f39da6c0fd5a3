import { atLeast, below, type Check } from './limits/check.ts';
import type { Summary, WorkloadReport } from './report.ts';

/** What our broker has to reach on a workload, with every persistent message synced before its confirm. */
interface Goal {
  readonly row: string;
  /** Times the rate of RabbitMQ in the same run. */
  readonly rateMin: number;
  readonly cpuMicrosecondsMax?: number;
  readonly peakMegabytesMax?: number;
}

const GOALS: readonly Goal[] = [
  { row: 'C', rateMin: 15, cpuMicrosecondsMax: 1.6 },
  { row: 'D', rateMin: 5 },
  { row: 'E', rateMin: 8 },
  { row: 'F-in', rateMin: 20, peakMegabytesMax: 300 },
  { row: 'F-out', rateMin: 20, peakMegabytesMax: 300 },
];
const MEGABYTE = 1e6;

/** The goals of `ours` that can be judged by what was measured; those of rates need `rival`. */
export function goalChecks(reports: readonly WorkloadReport[], ours: string, rival: string): Check[] {
  return GOALS.flatMap((goal) => {
    const summaries = reports.find(({ workload }) => workload.name === goal.row)?.summaries ?? [];
    const mine = summaries.find(({ broker }) => broker === ours);
    const theirs = summaries.find(({ broker }) => broker === rival);
    return mine === undefined ? [] : checksOf(goal, mine, theirs, rival);
  });
}

function checksOf(goal: Goal, mine: Summary, theirs: Summary | undefined, rival: string): Check[] {
  const checks: Check[] = [];
  const add = (what: string, value: number, unit: Check['unit'], target: Check['target']): void => {
    checks.push({ part: 'workloads', what: `${goal.row}: ${what}`, value, unit, ...(target && { target }) });
  };
  if (theirs !== undefined) {
    const times = mine.messagesPerSecond / theirs.messagesPerSecond;
    add(`rate, times ${rival}`, times, 'x', atLeast('goal', goal.rateMin));
  }
  if (goal.cpuMicrosecondsMax !== undefined && mine.cpuMicroseconds !== undefined) {
    add('processor time each', mine.cpuMicroseconds, 'us CPU', below('goal', goal.cpuMicrosecondsMax));
  }
  if (goal.peakMegabytesMax !== undefined && mine.peakRssBytes !== undefined) {
    add('RSS at most', mine.peakRssBytes / MEGABYTE, 'MB', below('goal', goal.peakMegabytesMax));
  }
  return checks;
}
