import { totalmem } from 'node:os';
import { expect, test } from 'vitest';
import { defaultMemoryBudget, MEMORY_BUDGET_MIN, memorySize } from './memory-size.ts';

test('a size up to 1 is a share of the memory, above it bytes', () => {
  expect(memorySize(0.5)).toBeLessThanOrEqual(totalmem() / 2);
  expect(memorySize(0.5)).toBeGreaterThan(2 ** 20);
  expect(memorySize(2 ** 30)).toBe(2 ** 30);
});

test('the budget for messages is a quarter of the memory, within its bounds', () => {
  const quarter = memorySize(0.25);
  expect(defaultMemoryBudget()).toBe(Math.max(MEMORY_BUDGET_MIN, Math.min(quarter, 2 ** 30)));
});
