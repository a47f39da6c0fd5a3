import type { Environment } from '../../../src/services/runtime/environment.ts';
import type { Faults } from '../../../src/services/runtime/faults.ts';
import { VirtualTimers } from '../../../src/testing/virtual-timers.ts';

/** A clock that a test moves, and the environment around it. */
export class ManualTime {
  readonly timers: VirtualTimers = new VirtualTimers(() => this.#nowMs);
  /** Work that has begun and not ended. */
  workCount = 0;
  #nowMs = 1_800_000_000_000;

  environment(faults?: Faults): Environment {
    return {
      clock: this.timers,
      random: Math.random,
      faults,
      workBegan: () => {
        this.workCount += 1;
      },
      workEnded: () => {
        this.workCount -= 1;
      },
      pausesBetweenAttempts: true,
    };
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Timers that fall due on the way run at their time, and what follows of them before the next one. */
  async advance(delayMs: number): Promise<void> {
    const endMs = this.#nowMs + delayMs;
    while (this.timers.nextMs <= endMs) {
      this.#nowMs = Math.max(this.#nowMs, this.timers.nextMs);
      while (this.timers.runNext());
      await settled();
    }
    this.#nowMs = endMs;
  }
}

/** All that needs nothing but promises has happened. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}
