import type { Clock } from '../core/environment.ts';

/** The clocks of the machine. */
export const nodeClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
};
