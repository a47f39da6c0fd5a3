import { expect, test } from 'vitest';
import { delayMs, typedDelay } from './delay-unit.ts';

test('a delay is shown in the largest unit that leaves no fraction', () => {
  expect(typedDelay(250)).toEqual({ amount: 250, unit: 'ms' });
  expect(typedDelay(1500)).toEqual({ amount: 1500, unit: 'ms' });
  expect(typedDelay(90_000)).toEqual({ amount: 90, unit: 's' });
  expect(typedDelay(120_000)).toEqual({ amount: 2, unit: 'min' });
  expect(typedDelay(0.5)).toEqual({ amount: 0.5, unit: 'ms' });
});

test('what is shown is what was typed', () => {
  for (const milliseconds of [1, 250, 1000, 61_000, 86_400_000])
    expect(delayMs(typedDelay(milliseconds))).toBe(milliseconds);
  expect(delayMs({ amount: undefined, unit: 's' })).toBeUndefined();
});
