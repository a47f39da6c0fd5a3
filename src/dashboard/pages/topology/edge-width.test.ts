import { expect, it } from 'vitest';
import { edgeWidth } from './edge-width.ts';

it('is thicker the more goes over it, and thickest for the busiest', () => {
  const widths = [undefined, 0, 1, 100, 10_000].map((rate) => edgeWidth(rate, 10_000));
  expect(widths).toEqual([...widths].sort((a, b) => a - b));
  expect(widths[1]).toBe(widths[0]);
  expect(widths.at(-1)).toBe(8);
});

it('does not show a trickle as a stream, though nothing is busier', () => {
  expect(edgeWidth(1, 1)).toBeLessThan(edgeWidth(100, 100) / 2);
});
