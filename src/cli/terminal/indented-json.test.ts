import { expect, test } from 'vitest';
import { indentedJson } from './indented-json.ts';

test.each([
  { a: 1, b: [true, null, 'x'], c: {}, d: [], e: { f: [{ g: -1.5 }] } },
  { 'a:"{b,': 'c\\"}]', '': 'ü\n' },
  [],
  'text',
  1,
])('%j is laid out as JSON.stringify does it', (value) => {
  expect(indentedJson(JSON.stringify(value))).toBe(JSON.stringify(value, undefined, 2));
});

test('numbers that JavaScript would round stay what they are', () => {
  expect(indentedJson('{"x-max-length":9007199254740993,"y": 1.0}')).toBe(
    '{\n  "x-max-length": 9007199254740993,\n  "y": 1.0\n}',
  );
});
