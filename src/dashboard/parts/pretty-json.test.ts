import { describe, expect, test } from 'vitest';
import { prettyJson } from './pretty-json.ts';

describe('pretty JSON', () => {
  test('is what JSON.stringify makes of it', () => {
    const values = [{}, [], { a: [] }, [[], {}], { a: { b: [1, 'x', null, true] }, c: '{"[,:' }, 'text', 7];
    for (const value of values)
      expect(prettyJson(JSON.stringify(value))).toBe(JSON.stringify(value, null, 2));
  });

  test('keeps numbers that JavaScript would round, and members that are there twice', () => {
    expect(prettyJson('{"id":12345678901234567890,"a":1.0,"a":1e2}')).toBe(
      '{\n  "id": 12345678901234567890,\n  "a": 1.0,\n  "a": 1e2\n}',
    );
  });

  test('takes away escapes that texts do not need', () => {
    expect(prettyJson('"\\u4e2d\\"\\u0007"')).toBe('"中\\"\\u0007"');
  });

  test('is undefined for what is no JSON', () => {
    expect(prettyJson('{"a":}')).toBeUndefined();
    expect(prettyJson('')).toBeUndefined();
  });
});
