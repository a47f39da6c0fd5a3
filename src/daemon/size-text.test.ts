import { expect, test } from 'vitest';
import { amountText, countText, sizeText } from './size-text.ts';

test.each([
  [0, '0 bytes'],
  [1, '1 byte'],
  [1023, '1023 bytes'],
  [1024, '1.00 KiB'],
  [1.5 * 2 ** 20, '1.50 MiB'],
  [32 * 2 ** 20, '32.0 MiB'],
  [345 * 2 ** 30, '345 GiB'],
  [1000 * 2 ** 20, '0.98 GiB'],
  [5000 * 2 ** 40, '5000 TiB'],
])('%d bytes are shown as %s', (bytes, text) => {
  expect(sizeText(bytes)).toBe(text);
});

test('large numbers have their thousands apart', () => {
  expect([0, 999, 1000, 10_000_000].map(countText)).toEqual(['0', '999', '1 000', '10 000 000']);
});

test('one of a thing is no plural', () => {
  expect([0, 1, 2].map((count) => amountText(count, 'queue'))).toEqual(['0 queues', '1 queue', '2 queues']);
});
