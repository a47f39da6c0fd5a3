import { expect, test } from 'vitest';
import { sparkline } from './sparkline.ts';

test('each value is a bar as high as its share of the largest', () => {
  expect(sparkline([0, 1, 2, 4, 8])).toBe('▁▂▃▅█');
});

test('nothing at all is a line at the bottom', () => {
  expect(sparkline([0, 0, 0])).toBe('▁▁▁');
  expect(sparkline([])).toBe('');
});
