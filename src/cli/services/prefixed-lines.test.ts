import { expect, test } from 'vitest';
import { PrefixedLines } from './prefixed-lines.ts';

function written(hasColors: boolean, lines: readonly (readonly [string, string])[]): string {
  const texts: string[] = [];
  const prefixed = new PrefixedLines((text) => texts.push(text), hasColors, 8);
  for (const [name, text] of lines) prefixed.line(name, text);
  return texts.join('');
}

test('each line has the name of its process in front, and cannot move the cursor', () => {
  expect(
    written(false, [
      ['orders.1', 'hello'],
      ['mails.1', 'a\u001b[2Jb'],
    ]),
  ).toBe('orders.1 | hello\nmails.1  | a\\u001b[2Jb\n');
});

test('instances of one service have one colour, and another service has another one', () => {
  const [first, second, third] = written(true, [
    ['orders.1', ''],
    ['orders.2', ''],
    ['mails.1', ''],
  ]).split('\n');
  const colour = (line = ''): string => line.slice(0, line.indexOf('m') + 1);
  expect(colour(second)).toBe(colour(first));
  expect(colour(third)).not.toBe(colour(first));
});
