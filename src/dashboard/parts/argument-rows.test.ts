import { describe, expect, it } from 'vitest';
import { type ArgumentRow, argumentProblems, argumentRowsOf, argumentsOf } from './argument-rows.ts';

const row = (name: string, type: ArgumentRow['type'], text: string): ArgumentRow => ({ name, type, text });

describe('argument rows', () => {
  it('come from values and become the same values again', () => {
    const values = {
      text: 'a, b',
      number: 1.5,
      no: false,
      list: ['a', 'b'],
      mixed: ['a', 1],
      commas: ['a,b'],
      none: [],
      nested: { a: { b: 1 } },
    };
    const rows = argumentRowsOf(values);
    expect(rows.map(({ type }) => type)).toEqual([
      'string',
      'number',
      'boolean',
      'list',
      'json',
      'json',
      'json',
      'json',
    ]);
    expect(argumentsOf(rows)).toEqual(values);
  });

  it('keep a name that JavaScript has a use for', () => {
    const values = argumentsOf([row('__proto__', 'string', 'x')]);
    expect(Object.keys(values ?? {})).toEqual(['__proto__']);
  });

  it('do not count while they are empty', () => {
    expect(argumentsOf([row('', 'string', ''), row('a', 'string', '')])).toEqual({ a: '' });
  });

  it.each([
    ['nameless', row('', 'string', 'x')],
    ['number', row('a', 'number', '12 ms')],
    ['number', row('a', 'number', '')],
    ['number', row('a', 'number', '9007199254740993')],
    ['json', row('a', 'json', '{a:1}')],
  ])('say what is wrong: %s', (problem, wrong) => {
    expect(argumentProblems([wrong])).toEqual([problem]);
    expect(argumentsOf([wrong])).toBeUndefined();
  });

  it('name a thing once', () => {
    const rows = [row('a', 'string', '1'), row('b', 'string', '1'), row('a', 'number', '2')];
    expect(argumentProblems(rows)).toEqual([undefined, undefined, 'repeated']);
  });
});
