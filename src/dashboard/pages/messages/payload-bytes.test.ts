import { expect, test } from 'vitest';
import { hexRows } from './payload-bytes.ts';

const bytes = Uint8Array.from({ length: 40 }, (_, at) => at + 60);
const base64 = btoa(String.fromCharCode(...bytes));

test('bytes are shown in rows of 16, in hexadecimal and as ASCII', () => {
  const { text, bytes: shown } = hexRows(btoa('\x00\xffA~'), 100);
  expect(text).toBe(`000000  00 ff 41 7e${' '.repeat(36)}  ..A~`);
  expect(shown).toBe(4);
  expect(hexRows(base64, 100).text.split('\n')).toHaveLength(3);
});

test('no more bytes are shown than asked for', () => {
  const { text, bytes: shown } = hexRows(base64, 17);
  expect(shown).toBe(17);
  expect(text.split('\n')[1]).toMatch(/^000010 {2}4c {2}/);
});
