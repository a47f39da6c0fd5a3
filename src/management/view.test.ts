import { expect, test } from 'vitest';
import type { JsonObject } from './field-json.ts';
import { parseListQuery } from './list-query.ts';
import { View } from './view.ts';

interface Thing {
  readonly name: string;
  readonly stats: JsonObject | undefined;
}

const asked: string[] = [];
const view = new View<Thing>({
  name: ({ name }) => name,
  stats: ({ stats }) => {
    asked.push('stats');
    return stats;
  },
  list: () => [
    { a: 1, b: 2 },
    { a: 3, b: 4 },
  ],
});
const thing: Thing = { name: 'x', stats: { rate: { now: 1, before: 2 }, count: 3 } };

function shown(columns: string): unknown {
  return JSON.parse(JSON.stringify(view.json(thing, parseListQuery({ columns }))));
}

test('all fields are shown, but those that are not there', () => {
  const json = view.json({ name: 'x', stats: undefined }, parseListQuery({}));
  expect(Object.keys(json)).toEqual(['name', 'list']);
});

test('only the columns that are asked for are made', () => {
  asked.length = 0;
  expect(shown('name')).toEqual({ name: 'x' });
  expect(asked).toEqual([]);
});

test.each([
  ['stats.rate.now', { stats: { rate: { now: 1 } } }],
  ['stats.rate.now,stats.count', { stats: { rate: { now: 1 }, count: 3 } }],
  ['stats.rate.now,stats', { stats: { rate: { now: 1, before: 2 }, count: 3 } }],
  ['list.a,name', { name: 'x', list: [{ a: 1 }, { a: 3 }] }],
  ['stats.nothing,nothing,__proto__,constructor.name', { stats: {} }],
])('columns=%s', (columns, json) => {
  expect(shown(columns)).toEqual(json);
});

test('values are found for sorting, by whatever name a request gives', () => {
  const query = parseListQuery({});
  expect(view.value(thing, ['stats', 'rate', 'before'], query)).toBe(2);
  expect(view.value(thing, ['name', 'length'], query)).toBeUndefined();
  expect(view.value(thing, ['__proto__'], query)).toBeUndefined();
  expect(view.value(thing, ['stats', 'constructor'], query)).toBeUndefined();
});
