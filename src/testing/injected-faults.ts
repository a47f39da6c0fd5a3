import type { CrashPoint, Faults } from '../services/runtime/faults.ts';
import { SeededRandom } from './seeded-random.ts';

/** A message at a point where its service may crash. */
export interface CrashCandidate {
  readonly point: CrashPoint;
  readonly messageId: string;
  /** What handles it: the name of a contract, saga or recurring job. */
  readonly part: string;
}

/** What a test does to messages on their way. */
export interface FaultOptions {
  /** Each message is handled twice. */
  readonly duplicates?: boolean;
  /** Messages that wait are handled in any order, which the seed decides; or this number. */
  readonly shuffle?: boolean | number;
  /** Each message crashes its service once at that point; or those crash for which the function says so, each time that it does. */
  readonly crash?: CrashPoint | ((candidate: CrashCandidate) => boolean);
}

export function injectedFaults({ duplicates = false, shuffle, crash }: FaultOptions, seed: number): Faults {
  const random = new SeededRandom(typeof shuffle === 'number' ? shuffle : seed);
  const isShuffled = shuffle !== undefined && shuffle !== false;
  return {
    duplicates,
    ...(isShuffled && { pick: (count: number) => random.uint32() % count }),
    ...(crash !== undefined && { crashesAt: crashesAt(crash) }),
  };
}

/** Once per message and part, unless a function decides. */
function crashesAt(crash: NonNullable<FaultOptions['crash']>): NonNullable<Faults['crashesAt']> {
  if (typeof crash === 'function') return (point, messageId, part) => crash({ point, messageId, part });
  const crashed = new Set<string>();
  return (point, messageId, part) => {
    const identity = `${part} ${messageId}`;
    if (point !== crash || crashed.has(identity)) return false;
    crashed.add(identity);
    return true;
  };
}
