import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteWriter } from './byte-writer.ts';
import { CodecError } from './errors.ts';
import { decodeTable, type FieldTable, field, TABLE_DEPTH_MAX, TABLE_ENTRIES_MAX } from './field-table.ts';
import { checkTable } from './field-table-check.ts';

function encoded(table: FieldTable): Uint8Array {
  const writer = new ByteWriter();
  writer.table(table);
  return writer.toBytes();
}

function outcome(run: () => unknown): 'fine' | 'refused' {
  try {
    run();
    return 'fine';
  } catch (error) {
    expect(error).toBeInstanceOf(CodecError);
    return 'refused';
  }
}

const SAMPLE = encoded(
  new Map([
    ['text', field.string('some text')],
    ['number', field.int(7)],
    ['large', field.long(2 ** 40)],
    ['flag', field.bool(true)],
    ['time', field.timestamp(1_700_000_000)],
    ['real', field.double(1.5)],
    ['list', field.array([field.string('a'), field.array([field.int(1)])])],
    ['nested', field.table(new Map([['inner', field.table(new Map([['x', field.int(1)]]))]]))],
  ]),
);

test('a table with every kind of value passes, and its end is returned', () => {
  expect(checkTable(SAMPLE, 0, SAMPLE.length)).toBe(SAMPLE.length);
});

test('it refuses exactly what decoding refuses, whatever bytes are changed', () => {
  const change = fc.tuple(fc.nat(SAMPLE.length - 1), fc.integer({ min: 0, max: 255 }));
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      const bytes = SAMPLE.slice();
      for (const [at, value] of changes) bytes[at] = value;
      const checked = outcome(() => checkTable(bytes, 0, bytes.length));
      expect(checked).toBe(outcome(() => decodeTable(bytes, 0, bytes.length)));
    }),
    { numRuns: 5000 },
  );
});

test('it refuses a table that is cut at any place', () => {
  for (let end = 0; end < SAMPLE.length; end++) {
    expect(outcome(() => checkTable(SAMPLE.subarray(0, end), 0, end))).toBe('refused');
  }
});

test('it refuses deeper nesting and more entries than a table may have', () => {
  let deep = field.int(1);
  for (let level = 0; level < TABLE_DEPTH_MAX; level++) deep = field.array([deep]);
  expect(outcome(() => checkTable(encoded(new Map([['deep', deep]])), 0, 1e6))).toBe('refused');
  const many = field.array(Array.from({ length: TABLE_ENTRIES_MAX }, () => field.int(1)));
  expect(outcome(() => checkTable(encoded(new Map([['many', many]])), 0, 1e6))).toBe('refused');
});
