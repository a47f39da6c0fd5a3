import type { Scheduler } from '../../src/core/environment.ts';

/** Remembers what the broker asked for; the test runs the turns. */
export class HandScheduler implements Scheduler {
  turnIsDue = false;
  deadlineMs: number = Number.POSITIVE_INFINITY;

  requestTurn(): void {
    this.turnIsDue = true;
  }

  requestTurnAt(atMs: number): void {
    this.deadlineMs = atMs;
  }
}
