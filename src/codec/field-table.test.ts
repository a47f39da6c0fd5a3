import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteWriter } from './byte-writer.ts';
import { encodeUtf8, utf8Length } from './bytes.ts';
import { CodecError } from './errors.ts';
import {
  decodeTable,
  type Field,
  type FieldTable,
  field,
  plainTable,
  TABLE_DEPTH_MAX,
  TABLE_ENTRIES_MAX,
  tableEnd,
  tableOf,
} from './field-table.ts';

function encode(table: FieldTable): Uint8Array {
  const writer = new ByteWriter();
  writer.table(table);
  return writer.toBytes();
}

/** A table with one entry, `k`, whose tag and value are given as bytes. */
function encodedEntry(...tagAndValue: number[]): Uint8Array {
  return Uint8Array.of(0, 0, 0, 2 + tagAndValue.length, 1, 0x6b, ...tagAndValue);
}

function decodeEntry(...tagAndValue: number[]): Field | undefined {
  const bytes = encodedEntry(...tagAndValue);
  return decodeTable(bytes, 0, bytes.length).get('k');
}

function octet(tag: string): number {
  return tag.charCodeAt(0);
}

function numberOrBigint(value: bigint): number | bigint {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

const text = fc.string({ unit: 'binary', maxLength: 20 });
const notUtf8 = fc.uint8Array({ maxLength: 10 }).map((bytes) => Uint8Array.of(0xff, ...bytes));
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(numberOrBigint);
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(numberOrBigint);

const { table: tables } = fc.letrec<{ field: Field; table: FieldTable }>((tie) => ({
  field: fc.oneof(
    { maxDepth: 4 },
    fc.record<Field>({ tag: fc.constant('t'), value: fc.boolean() }),
    fc.record<Field>({ tag: fc.constant('b'), value: fc.integer({ min: -128, max: 127 }) }),
    fc.record<Field>({ tag: fc.constant('B'), value: fc.nat(255) }),
    fc.record<Field>({ tag: fc.constant('s'), value: fc.integer({ min: -32768, max: 32767 }) }),
    fc.record<Field>({ tag: fc.constant('u'), value: fc.nat(65535) }),
    fc.record<Field>({ tag: fc.constant('I'), value: fc.integer() }),
    fc.record<Field>({ tag: fc.constant('i'), value: fc.nat(0xffffffff) }),
    fc.record<Field>({ tag: fc.constantFrom('l', 'L'), value: int64 }),
    fc.record<Field>({ tag: fc.constant('T'), value: uint64 }),
    fc.record<Field>({ tag: fc.constant('f'), value: fc.float() }),
    fc.record<Field>({ tag: fc.constant('d'), value: fc.double() }),
    fc.record<Field>({
      tag: fc.constant('D'),
      value: fc.record({ scale: fc.nat(255), value: fc.nat(0xffffffff) }),
    }),
    fc.record<Field>({ tag: fc.constant('S'), value: fc.oneof(text, notUtf8) }),
    fc.record<Field>({ tag: fc.constant('x'), value: fc.uint8Array({ maxLength: 20 }) }),
    fc.record<Field>({ tag: fc.constant('V'), value: fc.constant(undefined) }),
    fc.record<Field>({ tag: fc.constant('A'), value: fc.array(tie('field'), { maxLength: 5 }) }),
    fc.record<Field>({ tag: fc.constant('F'), value: tie('table') }),
  ),
  table: fc
    .array(
      fc.tuple(
        text.filter((key) => utf8Length(key) <= 255),
        tie('field'),
      ),
      { maxLength: 6 },
    )
    .map((entries) => new Map(entries)),
}));

describe('a field table', () => {
  it('comes back the same when encoded and decoded', () => {
    fc.assert(
      fc.property(tables, fc.nat(5), fc.nat(5), (table, before, behind) => {
        const encoded = encode(table);
        const bytes = Uint8Array.of(...Array(before).fill(0xee), ...encoded, ...Array(behind).fill(0xee));
        expect(decodeTable(bytes, before, bytes.length)).toEqual(table);
        expect(tableEnd(bytes, before, bytes.length)).toBe(before + encoded.length);
      }),
      { numRuns: 500 },
    );
  });

  it('is refused with 502 wherever it is cut', () => {
    fc.assert(
      fc.property(tables, (table) => {
        const bytes = encode(table);
        for (let end = 0; end < bytes.length; end++) {
          expect(() => decodeTable(bytes, 0, end)).toThrow(CodecError);
          expect(() => decodeTable(bytes.slice(0, end), 0, end)).toThrow(CodecError);
          expect(() => tableEnd(bytes, 0, end)).toThrow(CodecError);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('with any bytes changed is either read or refused with 502, and nothing else', () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(tables, changes, (table, all) => {
        const bytes = encode(table);
        for (const [at, value] of all) bytes[at % bytes.length] = value;
        try {
          decodeTable(bytes, 0, bytes.length);
        } catch (error) {
          expect(error).toBeInstanceOf(CodecError);
          expect((error as CodecError).replyCode).toBe(502);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it.each<[string, number[], unknown]>([
    ['t', [2], true],
    ['t', [0], false],
    ['b', [0xff], -1],
    ['B', [0xff], 255],
    ['s', [0xff, 0xfe], -2],
    ['u', [0xff, 0xfe], 65534],
    ['I', [0xff, 0xff, 0xff, 0xfd], -3],
    ['i', [0xff, 0xff, 0xff, 0xfd], 4294967293],
    ['l', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfc], -4],
    ['L', [0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 0x7fff_ffff_ffff_ffffn],
    ['T', [0, 0, 0, 0, 0x65, 0x53, 0xf1, 0], 1700000000],
    ['T', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 0xffff_ffff_ffff_ffffn],
    ['f', [0x3f, 0xc0, 0, 0], 1.5],
    ['d', [0xbf, 0xf8, 0, 0, 0, 0, 0, 0], -1.5],
    ['D', [2, 0, 0, 1, 0x3a], { scale: 2, value: 314 }],
    ['S', [0, 0, 0, 2, 0xc3, 0xa9], 'é'],
    ['S', [0, 0, 0, 2, 0xc3, 0x28], Uint8Array.of(0xc3, 0x28)],
    ['x', [0, 0, 0, 2, 0x61, 0x62], Uint8Array.of(0x61, 0x62)],
    ['A', [0, 0, 0, 3, octet('B'), 7, octet('V')], [{ tag: 'B', value: 7 }, field.nothing()]],
    ['F', [0, 0, 0, 3, 1, 0x61, octet('V')], new Map([['a', field.nothing()]])],
    ['V', [], undefined],
  ])('reads a value of type %s', (tag, value, expected) => {
    expect(decodeEntry(octet(tag), ...value)).toEqual({ tag, value: expected });
  });

  it('names the type that it does not know', () => {
    expect(() => decodeEntry(octet('q'))).toThrow(/unknown type 0x71/);
  });

  it('takes the later one of two equal keys', () => {
    const bytes = Uint8Array.of(0, 0, 0, 8, 1, 0x6b, octet('B'), 1, 1, 0x6b, octet('B'), 2);
    expect(decodeTable(bytes, 0, bytes.length)).toEqual(new Map([['k', { tag: 'B', value: 2 }]]));
  });

  it('is refused when something in it reaches past its end, although bytes follow', () => {
    const entry = encodedEntry(octet('S'), 0, 0, 0, 9);
    const bytes = Uint8Array.of(...entry, ...Array(20).fill(0x61));
    expect(() => decodeTable(bytes, 0, bytes.length)).toThrow(/cut short/);
  });

  it('keeps nothing of the bytes it was read from', () => {
    const bytes = encode(tableOf({ text: 'é', raw: Uint8Array.of(1), odd: Uint8Array.of(0xff) }));
    const table = decodeTable(bytes, 0, bytes.length);
    bytes.fill(0);
    expect(table).toEqual(tableOf({ text: 'é', raw: Uint8Array.of(1), odd: Uint8Array.of(0xff) }));
  });

  it('may be nested sixteen levels deep and no more', () => {
    const nested = (levels: number): FieldTable =>
      levels === 1 ? new Map() : new Map([['k', field.table(nested(levels - 1))]]);
    const allowed = encode(nested(TABLE_DEPTH_MAX));
    const refused = encode(nested(TABLE_DEPTH_MAX + 1));
    expect(decodeTable(allowed, 0, allowed.length)).toEqual(nested(TABLE_DEPTH_MAX));
    expect(() => decodeTable(refused, 0, refused.length)).toThrow(/more than 16 levels/);
  });

  it('may hold any number of tables side by side: only what is nested counts as deep', () => {
    const tables = Array(TABLE_DEPTH_MAX * 2).fill(field.table(tableOf({ inner: 1 })));
    const bytes = encode(new Map([['k', field.array(tables)]]));
    expect(decodeTable(bytes, 0, bytes.length).get('k')).toEqual(field.array(tables));
  });

  it('may hold 1024 entries, nested ones included, and no more', () => {
    const nested = (count: number): FieldTable =>
      new Map([['k', field.array(Array<Field>(count - 1).fill(field.nothing()))]]);
    const allowed = encode(nested(TABLE_ENTRIES_MAX));
    const refused = encode(nested(TABLE_ENTRIES_MAX + 1));
    expect(decodeTable(allowed, 0, allowed.length).size).toBe(1);
    expect(() => decodeTable(refused, 0, refused.length)).toThrow(/more than 1024 entries/);
  });
});

describe('field', () => {
  it('takes the smallest of the two integer types that clients use', () => {
    expect(field.int(2147483647).tag).toBe('I');
    expect(field.int(2147483648).tag).toBe('l');
    expect(field.int(-2147483649).tag).toBe('l');
  });
});

describe('tableOf', () => {
  it('gives each plain value its type', () => {
    const table = tableOf({
      text: 'a',
      whole: 5,
      large: 2 ** 40,
      fraction: 1.5,
      big: 9n,
      yes: true,
      none: null,
      missing: undefined,
      raw: Uint8Array.of(1),
      list: [1, 'b'],
      object: { inner: false },
      table: new Map([['k', field.timestamp(1)]]),
    });
    expect([...table]).toEqual([
      ['text', { tag: 'S', value: 'a' }],
      ['whole', { tag: 'I', value: 5 }],
      ['large', { tag: 'l', value: 2 ** 40 }],
      ['fraction', { tag: 'd', value: 1.5 }],
      ['big', { tag: 'l', value: 9 }],
      ['yes', { tag: 't', value: true }],
      ['none', { tag: 'V', value: undefined }],
      ['raw', { tag: 'x', value: Uint8Array.of(1) }],
      ['list', { tag: 'A', value: [field.int(1), field.string('b')] }],
      ['object', { tag: 'F', value: new Map([['inner', field.bool(false)]]) }],
      ['table', { tag: 'F', value: new Map([['k', field.timestamp(1)]]) }],
    ]);
  });

  it('says what has no form in a table', () => {
    expect(() => tableOf({ when: new Date() as never })).toThrow(/convert dates/);
    expect(() => tableOf({ call: (() => 1) as never })).toThrow(/a function has no form/);
    expect(() => tableOf({ huge: 2n ** 63n })).toThrow(/does not fit into 64 bits/);
  });

  it('refuses an object that contains itself', () => {
    const loop: { self?: never } = {};
    loop.self = loop as never;
    expect(() => tableOf(loop)).toThrow(/more than 16 levels/);
  });
});

describe('plainTable', () => {
  it('is the way back from tableOf', () => {
    const plain = { text: 'a', whole: 5, none: null, list: [1, [2]], object: { inner: false } };
    expect({ ...plainTable(tableOf(plain)) }).toEqual(plain);
  });

  it('keeps a key named __proto__ as a key like any other', () => {
    const bytes = encodeUtf8('__proto__');
    const encoded = Uint8Array.of(0, 0, 0, bytes.length + 2, bytes.length, ...bytes, octet('V'));
    const plain = plainTable(decodeTable(encoded, 0, encoded.length));
    expect(Object.getPrototypeOf(plain)).toBe(null);
    expect(Object.keys(plain)).toEqual(['__proto__']);
  });
});
