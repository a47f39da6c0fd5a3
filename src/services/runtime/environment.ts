import type { Clock } from '../clock.ts';
import type { Faults } from './faults.ts';

/** What `run` takes from the machine, and a test brings along. */
export interface Environment {
  readonly clock: Clock;
  /** From 0 to below 1. */
  random(): number;
  readonly faults: Faults | undefined;
  /** Told when work begins and ends that is not the handling of a delivery (the outbox, a partition that moves), so that a test knows when all is quiet. */
  workBegan(): void;
  workEnded(): void;
}
