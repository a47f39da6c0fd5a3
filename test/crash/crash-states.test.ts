import { expect, test } from 'vitest';
import { runCrashes } from './crash-run.ts';

test('what was promised survives a crash of long workloads', async () => {
  const { states } = await runCrashes('long', 0.35);
  expect(states).toBeGreaterThan(0);
});

test('what was promised survives all crashes of short workloads', async () => {
  const { points, exhaustedPoints } = await runCrashes('short', 0.25);
  expect(exhaustedPoints / points).toBeGreaterThan(0.98);
});
