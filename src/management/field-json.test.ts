import { expect, test } from 'vitest';
import { type Field, field, tableOf } from '../codec/field-table.ts';
import { ApiError } from './api-error.ts';
import { fieldOfJson, jsonOfField, jsonOfTable, tableOfJson } from './field-json.ts';

/** What a reader of the JSON text gets. */
function sent(json: unknown): unknown {
  return JSON.parse(JSON.stringify(json));
}

test('a table becomes a JSON object, as deep as it is', () => {
  const table = tableOf({ text: 'a', flag: true, count: 7, list: [1, 'b'], inner: { none: null } });
  expect(sent(jsonOfTable(table))).toEqual({
    text: 'a',
    flag: true,
    count: 7,
    list: [1, 'b'],
    inner: { none: null },
  });
});

test('numbers of every type become JSON numbers', () => {
  const fields: Field[] = [
    field.double(0.5),
    field.timestamp(1_700_000_000),
    field.long(2n ** 60n),
    { tag: 'D', value: { scale: 2, value: 1234 } },
  ];
  expect(fields.map(jsonOfField)).toEqual([0.5, 1_700_000_000, 2 ** 60, 12.34]);
});

test('bytes that are no text are shown in base64', () => {
  expect(jsonOfField(field.bytes(new Uint8Array([0x68, 0x69])))).toBe('hi');
  expect(jsonOfField(field.bytes(new Uint8Array([0xff, 0xfe])))).toBe('Not UTF-8, base64 is: //4=');
});

test('a key called __proto__ is a key like any other, in both directions', () => {
  const text = JSON.stringify(jsonOfTable(new Map([['__proto__', field.string('x')]])));
  expect(text).toBe('{"__proto__":"x"}');
  expect(tableOfJson(JSON.parse(text), 'arguments').get('__proto__')).toEqual(field.string('x'));
});

test('a JSON object becomes a table with the types that RabbitMQ gives', () => {
  const table = tableOfJson({ a: 'b', c: 1, d: 1.5, e: true, f: [2], g: { h: 'i' } }, 'arguments');
  expect(table).toEqual(
    new Map<string, Field>([
      ['a', field.string('b')],
      ['c', field.long(1)],
      ['d', field.double(1.5)],
      ['e', field.bool(true)],
      ['f', field.array([field.long(2)])],
      ['g', field.table(new Map([['h', field.string('i')]]))],
    ]),
  );
});

test('an integer that only 64 bits hold comes back as one', () => {
  expect(fieldOfJson(2 ** 60, 'x')).toEqual(field.long(2n ** 60n));
  expect(fieldOfJson(2 ** 63, 'x')).toEqual(field.long(2n ** 63n - 1n));
  expect(fieldOfJson(2 ** 64, 'x')).toEqual(field.double(2 ** 64));
});

test('what is no table is refused with 400, and named', () => {
  const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)]);
  const refused: [unknown, string][] = [
    [[], 'arguments is an array, but must be a JSON object'],
    [{ a: null }, 'arguments holds null'],
    [{ a: deep(16) }, 'nested more than the 16 levels'],
    [
      Object.fromEntries(Array.from({ length: 1025 }, (_, index) => [index, 1])),
      'more than the 1024 entries',
    ],
    [{ ['k'.repeat(256)]: 1 }, 'a key of 256 bytes, but at most 255'],
  ];
  for (const [json, text] of refused) {
    expect(() => tableOfJson(json, 'arguments')).toThrowError(
      expect.objectContaining({ statusCode: 400, message: expect.stringContaining(text) }),
    );
    expect(() => tableOfJson(json, 'arguments')).toThrowError(ApiError);
  }
  expect(tableOfJson({ a: deep(15) }, 'arguments').size).toBe(1);
  expect(tableOfJson(undefined, 'arguments').size).toBe(0);
});
