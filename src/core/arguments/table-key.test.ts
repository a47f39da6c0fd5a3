import { expect, test } from 'vitest';
import { field, tableOf } from '../../codec/field-table.ts';
import { tableKey } from './table-key.ts';

test('the order of the entries does not matter', () => {
  expect(tableKey(tableOf({ a: 1, b: 'x', c: true }))).toBe(tableKey(tableOf({ c: true, b: 'x', a: 1 })));
});

test('an empty table has an empty key, and no other has', () => {
  expect(tableKey(new Map())).toBe('');
  expect(tableKey(tableOf({ '': null }))).not.toBe('');
});

test('tables that differ in a name, a value, a type or an entry have different keys', () => {
  const keys = [
    tableOf({ a: 1 }),
    tableOf({ b: 1 }),
    tableOf({ a: 2 }),
    tableOf({ a: '1' }),
    tableOf({ a: 1, b: 1 }),
    tableOf({ a: { b: 1 } }),
    new Map([['a', field.long(1)]]),
  ].map(tableKey);
  expect(new Set(keys).size).toBe(keys.length);
});

test('a name cannot run over into a value', () => {
  expect(tableKey(tableOf({ ab: 'c' }))).not.toBe(tableKey(tableOf({ a: 'bc' })));
});

test('the table itself is left in its order', () => {
  const table = tableOf({ b: 1, a: 2 });
  tableKey(table);
  expect([...table.keys()]).toEqual(['b', 'a']);
});
