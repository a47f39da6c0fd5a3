import type { Clock } from '../clock.ts';
import type { Faults } from './faults.ts';

/** What `run` takes from the machine, and a test brings along. */
export interface Environment {
  readonly clock: Clock;
  /** From 0 to below 1. */
  random(): number;
  readonly faults: Faults | undefined;
  /**
   * Told when work begins and ends (a message, the outbox, a partition that moves), so that a test knows when all is quiet. What waits
   * for the clock, or for an answer, is no work meanwhile: it ends before, and begins again behind.
   */
  workBegan(): void;
  workEnded(): void;
  /** Whether there is a pause between attempts at once. A test does without, as its clock stands still. */
  readonly pausesBetweenAttempts: boolean;
}
