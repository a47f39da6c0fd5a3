import { totalmem } from 'node:os';

/** Four pages of the log, and some room to read the next ones. */
export const MEMORY_BUDGET_MIN: number = 32 * 2 ** 20;
const MEMORY_BUDGET_SHARE = 0.25;
const DEFAULT_MEMORY_BUDGET_MAX = 2 ** 30;

/** Turns an option into bytes: up to 1 it is a share of what the machine, or the container around us, has. */
export function memorySize(shareOrBytes: number): number {
  return shareOrBytes <= 1 ? Math.floor(shareOrBytes * memoryBytes()) : shareOrBytes;
}

/** Bytes of messages that are kept in memory unless the user says otherwise. */
export function defaultMemoryBudget(): number {
  const share = Math.floor(MEMORY_BUDGET_SHARE * memoryBytes());
  return Math.max(MEMORY_BUDGET_MIN, Math.min(share, DEFAULT_MEMORY_BUDGET_MAX));
}

/** Node says 0 when no limit is known, and a huge number for a control group without one. */
function memoryBytes(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}
