import { expect, it } from 'vitest';
import { format } from '../language/en/format.ts';
import { Formats } from './formats.ts';

it('writes bytes with three digits that matter, and never rounds a whole one away', () => {
  const formats = new Formats('en', format);
  const texts = [0, 999, 1023, 1500, 1023 * 1024, 2 ** 30].map((bytes) => formats.bytes(bytes));
  expect(texts).toEqual(['0 B', '999 B', '1,023 B', '1.46 KiB', '1,023 KiB', '1 GiB']);
});
