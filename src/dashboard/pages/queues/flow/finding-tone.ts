import type { QueueFlow } from '../../../data/flow.ts';

export type FindingTone = 'good' | 'warn' | 'bad';

/** Somebody takes messages from it: consumers that are full for a moment are no fault. */
export function isTaken({ consumers, windows }: QueueFlow): boolean {
  return consumers > 0 && (windows[0]?.rate_out_per_second ?? 0) > 0;
}

const FINE: ReadonlySet<string> = new Set(['delivering', 'empty']);
/** What holds a queue up for good, until somebody does something. */
const FATAL: ReadonlySet<string> = new Set(['paused', 'no_consumer', 'alarm']);

/** How bad a finding is, by the code of its reason. Nothing is urgent while nothing is there. */
export function findingTone(code: string, flow: QueueFlow): FindingTone {
  const taken = isTaken(flow);
  if (FINE.has(code) || (taken && code === 'all_unacked')) return 'good';
  if (flow.messages === 0) return 'warn';
  return taken && !FATAL.has(code) ? 'warn' : 'bad';
}
