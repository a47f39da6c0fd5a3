import { describe, expect, test } from 'vitest';
import { jsonObject, objectOf, pair, timeSpan } from './flag-kinds.ts';

describe('a time', () => {
  test.each([
    ['0s', 0],
    ['500ms', 500],
    ['30s', 30_000],
    ['1.5s', 1500],
    ['1h30m', 5_400_000],
    ['2d', 172_800_000],
    ['30', undefined],
    ['', undefined],
    ['30 s', undefined],
    ['-1s', undefined],
    ['8d', undefined],
  ])('%j is %j ms', (text, ms) => {
    expect(timeSpan(0, 604_800_000).fromText(text)).toBe(ms);
  });

  test('says its limits in its own form', () => {
    expect(timeSpan(1000, 86_400_000).allowed).toBe('a time from 1s to 1d, like 500ms, 30s, 10m or 1h30m');
  });
});

describe('name=value', () => {
  test.each([
    ['x-max-length=10', ['x-max-length', 10]],
    ['ratio=-1.5', ['ratio', -1.5]],
    ['lazy=true', ['lazy', true]],
    ['nothing=null', ['nothing', null]],
    ['text="10"', ['text', '10']],
    ['queue=orders', ['queue', 'orders']],
    ['query=a=b', ['query', 'a=b']],
    ['list=[1,"a"]', ['list', [1, 'a']]],
    ['table={"a":1}', ['table', { a: 1 }]],
    ['empty=', ['empty', '']],
    ['id=9007199254740993', ['id', '9007199254740993']],
    ['=1', undefined],
    ['name', undefined],
  ])('%j is %j', (text, found) => {
    expect(pair('name=value').fromText(text)).toEqual(found);
  });

  test('becomes an object whose names are its own', () => {
    const object = objectOf([
      ['__proto__', 1],
      ['a', 1],
      ['a', 2],
    ]);
    expect(Object.entries(object)).toEqual([
      ['__proto__', 1],
      ['a', 2],
    ]);
  });
});

test('a JSON object is neither an array nor a text', () => {
  const { fromText } = jsonObject('json');
  expect([fromText('{"a":1}'), fromText('[1]'), fromText('null'), fromText('"a"'), fromText('{')]).toEqual([
    { a: 1 },
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});
