import { expect, test } from 'vitest';
import { jsonErrorAt } from './json-error.ts';

test.each(['{}', '[]', ' {"a": [1, -2.5e+10, {"b": null}], "c\\n\\u00e9": "x", "d": true, "e": false} \n'])(
  '%j is JSON',
  (text) => {
    JSON.parse(text);
    expect(jsonErrorAt(text)).toBeUndefined();
  },
);

test.each([
  ['', 0],
  ['{', 1],
  ['{"a"', 4],
  ['{"a":', 5],
  ['{"a": x}', 6],
  ['{"a": 1,}', 8],
  ['{"a": 1 "b": 2}', 8],
  ['{"a" 1}', 5],
  ["{'a': 1}", 1],
  ['{a: 1}', 1],
  ['[1, 2', 5],
  ['[1,]', 3],
  ['{"a": "b}', 6],
  ['{"a": 01}', 7],
  ['{"a": 1} // no', 9],
  ['// no\n{"a": 1}', 0],
])('%j stops being JSON at %d', (text, at) => {
  expect(() => JSON.parse(text)).toThrow();
  expect(jsonErrorAt(text)).toBe(at);
});
