import { expect, test } from 'vitest';
import { runCrashes } from './crash-run.ts';

test('what was promised survives a crash of cleaning workloads', async () => {
  const { states, brokers } = await runCrashes('cleaning', 0.4);
  expect(brokers).toBeGreaterThan(states / 50);
});
