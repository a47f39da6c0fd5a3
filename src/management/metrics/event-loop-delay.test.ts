import { performance } from 'node:perf_hooks';
import { expect, onTestFinished, test } from 'vitest';
import { EventLoopDelay } from './event-loop-delay.ts';

const BLOCKED_MS = 60;

/** Lets the monitor look at least once, before and after the loop was kept busy. */
async function block(delay: EventLoopDelay): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 50));
  const endMs = performance.now() + BLOCKED_MS;
  while (performance.now() < endMs);
  await new Promise((resolve) => setTimeout(resolve, 50));
  return delay.quantiles().at(-1) ?? 0;
}

test('the delay is measured from the first question on, and not before', async () => {
  const delay = new EventLoopDelay();
  onTestFinished(() => delay.stop());
  expect(await block(delay)).toBe(0);
  expect(await block(delay)).toBeGreaterThan(BLOCKED_MS / 2000);
});
