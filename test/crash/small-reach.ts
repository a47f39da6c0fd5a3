import type { Plugin } from 'vitest/config';

/** How far ahead of its deliveries a lane records its reach in the crash tests. */
const SMALL_STEP = 4;
const STEP = /export const REACH_STEP = [0-9_]+;/;

/**
 * Queues record how far they deliver in steps of thousands of messages, and a crash test has no time for so many: here the
 * step is small, so that deliveries wait for the disk, and marks are lost if anything is wrong.
 */
export function smallReach(): Plugin {
  return {
    name: 'small-reach',
    transform(code, id) {
      if (!id.endsWith('/core/queue/reach.ts')) return undefined;
      if (!STEP.test(code)) throw new Error(`${id} has no REACH_STEP to make smaller`);
      return code.replace(STEP, `export const REACH_STEP = ${SMALL_STEP};`);
    },
  };
}
