import { expect, test } from 'vitest';
import { hasMoreValues } from './json-values.ts';

function isOver(text: string, max: number): boolean {
  return hasMoreValues(Buffer.from(text), max);
}

test('members, elements, objects and arrays count', () => {
  expect(isOver('[1,2,3]', 3)).toBe(false);
  expect(isOver('[1,2,3]', 2)).toBe(true);
  expect(isOver('{"a":[],"b":{}}', 4)).toBe(false);
  expect(isOver('{"a":[],"b":{}}', 3)).toBe(true);
});

test('what stands in a string does not count', () => {
  expect(isOver('["a,b,c[[[{{{"]', 1)).toBe(false);
  expect(isOver('["\\",\\",\\","]', 1)).toBe(false);
  expect(isOver('["\\\\",1,2]', 3)).toBe(false);
  expect(isOver('["\\\\",1,2]', 2)).toBe(true);
  expect(isOver('["never ends,,,,', 1)).toBe(false);
});
