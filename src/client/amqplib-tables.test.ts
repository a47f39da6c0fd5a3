import { expect, test } from 'vitest';
import { field, tableOf } from '../codec/field-table.ts';
import { amqplibTable, fieldTableOfAmqplib } from './amqplib-tables.ts';

test('every field keeps its type on the way to amqplib', () => {
  const table = new Map([
    ['__proto__', field.string('a header like another')],
    ['time', field.timestamp(5)],
    ['double', field.double(2)],
    ['long', field.long(2n ** 60n)],
    ['bytes', field.bytes(new Uint8Array([1]))],
    ['decimal', { tag: 'D', value: { scale: 2, value: 314 } } as const],
    ['list', field.array([field.bool(true), field.nothing()])],
    ['table', field.table(tableOf({ deep: 'x' }))],
  ]);
  expect(Object.entries(amqplibTable(table))).toEqual([
    ['__proto__', 'a header like another'],
    ['time', { '!': 'timestamp', value: 5 }],
    ['double', { '!': 'double', value: 2 }],
    ['long', { '!': 'int64', value: 2n ** 60n }],
    ['bytes', Buffer.from([1])],
    ['decimal', { '!': 'decimal', value: { places: 2, digits: 314 } }],
    ['list', [true, null]],
    ['table', { deep: 'x' }],
  ]);
});

test('what amqplib decoded becomes fields again', () => {
  const decoded = {
    text: 'x',
    whole: 1,
    fraction: 0.5,
    time: { '!': 'timestamp', value: 5 },
    decimal: { '!': 'decimal', value: { places: 2, digits: 314 } },
    list: [null, false],
    table: {},
    bytes: Buffer.from([1]),
  };
  expect([...(fieldTableOfAmqplib(decoded) ?? [])]).toEqual([
    ['text', field.string('x')],
    ['whole', field.int(1)],
    ['fraction', field.double(0.5)],
    ['time', field.timestamp(5)],
    ['decimal', { tag: 'D', value: { scale: 2, value: 314 } }],
    ['list', field.array([field.nothing(), field.bool(false)])],
    ['table', field.table(new Map())],
    ['bytes', field.bytes(Buffer.from([1]))],
  ]);
  expect([fieldTableOfAmqplib(undefined), fieldTableOfAmqplib({})]).toEqual([undefined, undefined]);
});
