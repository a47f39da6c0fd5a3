import { describe, expect, test } from 'vitest';
import { cutAtEnd, shortened, textWidth, visible, visibleLines } from './text-width.ts';

describe('the width of a text', () => {
  test.each([
    ['', 0],
    ['orders', 6],
    ['größe', 5],
    ['e\u0301', 1],
    ['注文', 4],
    ['🐇', 2],
  ])('of %j is %i', (text, width) => {
    expect(textWidth(text)).toBe(width);
  });
});

describe('a text that is too long', () => {
  test.each([
    ['orders', 6, 'orders'],
    ['orders.europe.incoming', 11, 'order…oming'],
    ['orders.europe.incoming', 10, 'order…ming'],
    ['注文注文注文', 7, '注…文'],
    ['abc', 1, '…'],
    ['abc', 0, ''],
  ])('%j in %i columns is %j', (text, width, short) => {
    expect(shortened(text, width)).toBe(short);
    expect(textWidth(short)).toBeLessThanOrEqual(width);
  });

  test('is a sentence and loses its end', () => {
    expect(cutAtEnd('publishers have to wait', 12)).toBe('publishers …');
    expect(cutAtEnd('wait', 12)).toBe('wait');
  });
});

describe('what strangers chose', () => {
  test.each([
    ['\u001b[2Jgone', '\\u001b[2Jgone'],
    ['a\nb\tc\r', 'a\\nb\\tc\\r'],
    ['\u202egnp.exe', '\\u202egnp.exe'],
    ['\u009b31m', '\\u009b31m'],
    ['lines\u2028apart', 'lines\\u2028apart'],
    ['注文 größe', '注文 größe'],
  ])('%j is shown as %j', (text, shown) => {
    expect(visible(text)).toBe(shown);
  });

  test('keeps its lines where it is a body', () => {
    expect(visibleLines('a\n\tb\u001b[0m')).toBe('a\n\tb\\u001b[0m');
  });
});
