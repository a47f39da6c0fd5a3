/**
 * Field tables (AMQP 0-9-1, section 4.2.5.5), with the type tags that RabbitMQ and its clients really use. They differ
 * from the standard's: 's' is a 16-bit integer, not a string.
 *
 *     table   +--------------+---------------------------------+      array  +--------------+----------------------+
 *             | length : u32 | entry ...                       |             | length : u32 | tag : u8 | value ... |
 *             +--------------+---------------------------------+             +--------------+----------------------+
 *     entry   +------------------+--------------+----------+---------+
 *             | key length : u8  | key          | tag : u8 | value   |
 *             +------------------+--------------+----------+---------+
 *
 *     tag  value                        bytes     tag  value                          bytes
 *     t    boolean                      1         f    float                          4
 *     b    signed integer               1         d    double                         8
 *     B    unsigned integer             1         D    decimal: scale u8, value u32   5
 *     s    signed integer               2         T    timestamp, seconds since 1970  8
 *     u    unsigned integer             2         S    string                         4 + length
 *     I    signed integer               4         x    bytes                          4 + length
 *     i    unsigned integer             4         A    array                          4 + length
 *     l    signed integer               8         F    table                          4 + length
 *     L    signed integer               8         V    void                           0
 *
 * A table is a Map, never a plain object: its keys come from strangers, and one of them is called `__proto__`.
 */
import { ByteReader } from './byte-reader.ts';
import { copyOf, decodeUtf8, isUtf8, readU32 } from './bytes.ts';
import { CodecError } from './errors.ts';
import { SYNTAX_ERROR } from './reply-codes.ts';

export type FieldTag =
  | 't'
  | 'b'
  | 'B'
  | 's'
  | 'u'
  | 'I'
  | 'i'
  | 'l'
  | 'L'
  | 'f'
  | 'd'
  | 'D'
  | 'S'
  | 'A'
  | 'T'
  | 'F'
  | 'V'
  | 'x';

/** `value / 10^scale`. */
export interface Decimal {
  readonly scale: number;
  readonly value: number;
}

export type FieldScalar =
  | string
  | number
  | bigint
  | boolean
  | undefined
  | Uint8Array
  | Decimal
  | FieldTable
  | readonly Field[];

/**
 * A value and its type. **Invariant:** the tag decides what the value is: t boolean; b B s u I i f d number; l L T number
 * when that is exact, else bigint; D Decimal; S string, or Uint8Array when it is not valid UTF-8; x Uint8Array; A fields;
 * F table; V undefined.
 */
export interface Field {
  readonly tag: FieldTag;
  readonly value: FieldScalar;
}

export type FieldTable = Map<string, Field>;

/** How deep tables and arrays may be nested in each other; the outermost table is level 1. */
export const TABLE_DEPTH_MAX = 16;
/** How many entries and array elements a table may hold, with all that is nested in it. */
export const TABLE_ENTRIES_MAX = 1024;

/** The table whose length field is at `start`. What follows it, up to `end`, is left alone. CodecError 502. */
export function decodeTable(bytes: Uint8Array, start: number, end: number): FieldTable {
  return readTable(new ByteReader(bytes, start, end));
}

/** The offset behind the table at `start`, without a look at what is in it. CodecError 502 when that is beyond `limit`. */
export function tableEnd(bytes: Uint8Array, start: number, limit: number): number {
  if (limit - start < 4) {
    throw new CodecError(
      SYNTAX_ERROR,
      `the length of a field table is cut short: ${limit - start} of 4 bytes`,
    );
  }
  const end = start + 4 + readU32(bytes, start);
  if (end > limit) {
    throw new CodecError(
      SYNTAX_ERROR,
      `a field table of ${end - start} bytes is cut short: ${limit - start} are left`,
    );
  }
  return end;
}

/** The table at the reader's position, which then stands behind it. CodecError 502. */
export function readTable(reader: ByteReader, entriesMax: number = TABLE_ENTRIES_MAX): FieldTable {
  return new FieldDecoder(reader, entriesMax).table();
}

class FieldDecoder {
  readonly #reader: ByteReader;
  #depth: number;
  #entriesLeft: number;

  constructor(reader: ByteReader, entriesMax: number) {
    this.#reader = reader;
    this.#depth = 0;
    this.#entriesLeft = entriesMax;
  }

  table(): FieldTable {
    const reader = this.#reader;
    const table: FieldTable = new Map();
    const outerEnd = this.#enter();
    while (reader.position < reader.end) {
      this.#countEntry();
      const key = reader.shortstr();
      table.set(key, this.#field());
    }
    this.#leave(outerEnd);
    return table;
  }

  #array(): Field[] {
    const reader = this.#reader;
    const fields: Field[] = [];
    const outerEnd = this.#enter();
    while (reader.position < reader.end) {
      this.#countEntry();
      fields.push(this.#field());
    }
    this.#leave(outerEnd);
    return fields;
  }

  /** Draws the reader's end in to the end of the table or array that begins here, and returns where it was. */
  #enter(): number {
    const reader = this.#reader;
    if (++this.#depth > TABLE_DEPTH_MAX) {
      throw new CodecError(SYNTAX_ERROR, `a field table is nested more than ${TABLE_DEPTH_MAX} levels deep`);
    }
    const end = tableEnd(reader.bytes, reader.position, reader.end);
    const outerEnd = reader.end;
    reader.position += 4;
    reader.end = end;
    return outerEnd;
  }

  #leave(outerEnd: number): void {
    this.#reader.end = outerEnd;
    this.#depth--;
  }

  #countEntry(): void {
    if (--this.#entriesLeft < 0) {
      throw new CodecError(SYNTAX_ERROR, `a field table has more than ${TABLE_ENTRIES_MAX} entries`);
    }
  }

  #field(): Field {
    const tag = String.fromCharCode(this.#reader.u8()) as FieldTag;
    return { tag, value: this.#value(tag) };
  }

  #value(tag: FieldTag): FieldScalar {
    const reader = this.#reader;
    switch (tag) {
      case 't':
        return reader.u8() !== 0;
      case 'b':
        return reader.view(1).getInt8(0);
      case 'B':
        return reader.u8();
      case 's':
        return reader.view(2).getInt16(0);
      case 'u':
        return reader.u16();
      case 'I':
        return reader.view(4).getInt32(0);
      case 'i':
        return reader.u32();
      case 'l':
      case 'L':
        return exactNumber(reader.view(8).getBigInt64(0));
      case 'T':
        return exactNumber(reader.view(8).getBigUint64(0));
      case 'f':
        return reader.view(4).getFloat32(0);
      case 'd':
        return reader.view(8).getFloat64(0);
      case 'D':
        return { scale: reader.u8(), value: reader.u32() };
      case 'S':
        return this.#string();
      case 'x':
        return reader.longstr();
      case 'A':
        return this.#array();
      case 'F':
        return this.table();
      case 'V':
        return undefined;
      default:
        throw unknownTag(tag);
    }
  }

  #string(): string | Uint8Array {
    const reader = this.#reader;
    const length = reader.u32();
    const start = reader.take(length);
    const end = start + length;
    if (isUtf8(reader.bytes, start, end)) return decodeUtf8(reader.bytes, start, end);
    return copyOf(reader.bytes, start, end);
  }
}

function unknownTag(tag: string): CodecError {
  const octet = tag.charCodeAt(0).toString(16).padStart(2, '0');
  return new CodecError(
    SYNTAX_ERROR,
    `a field table holds a value of the unknown type 0x${octet}; known types are t b B s u I i l L f d D S A T F V x`,
  );
}

function exactNumber(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

const INT32_MIN = -0x8000_0000;
const INT32_MAX = 0x7fff_ffff;

/** Makes fields of TypeScript values. */
export const field = {
  string(value: string): Field {
    return { tag: 'S', value };
  },
  bytes(value: Uint8Array): Field {
    return { tag: 'x', value };
  },
  bool(value: boolean): Field {
    return { tag: 't', value };
  },
  /** Tag I, or l when the number does not fit into 32 bits. Whole numbers only. */
  int(value: number): Field {
    return value >= INT32_MIN && value <= INT32_MAX ? { tag: 'I', value } : field.long(value);
  },
  long(value: number | bigint): Field {
    return { tag: 'l', value };
  },
  double(value: number): Field {
    return { tag: 'd', value };
  },
  timestamp(seconds: number): Field {
    return { tag: 'T', value: seconds };
  },
  table(value: FieldTable): Field {
    return { tag: 'F', value };
  },
  array(value: readonly Field[]): Field {
    return { tag: 'A', value };
  },
  nothing(): Field {
    return { tag: 'V', value: undefined };
  },
};

/** A value of a plain TypeScript object that can become a field. */
export type PlainValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | undefined
  | Uint8Array
  | FieldTable
  | readonly PlainValue[]
  | { readonly [key: string]: PlainValue };

/**
 * A field table of a plain object: string to S, whole number to I or l, other number to d, bigint to l, boolean to t,
 * null to V, Uint8Array to x, array to A, object or field table to F. What is undefined is left out.
 * Throws TypeError for any other value, such as a function or a Date, and for objects nested deeper than a table may be.
 */
export function tableOf(entries: { readonly [key: string]: PlainValue }): FieldTable {
  return tableAtDepth(entries, 1);
}

function tableAtDepth(entries: { readonly [key: string]: PlainValue }, depth: number): FieldTable {
  checkDepth(depth);
  const table: FieldTable = new Map();
  for (const [key, value] of Object.entries(entries)) {
    if (value !== undefined) table.set(key, fieldOf(value, depth));
  }
  return table;
}

function arrayAtDepth(values: readonly PlainValue[], depth: number): Field {
  checkDepth(depth);
  return field.array(values.map((value) => fieldOf(value, depth)));
}

function checkDepth(depth: number): void {
  if (depth > TABLE_DEPTH_MAX) {
    throw new TypeError(`a field table is nested more than ${TABLE_DEPTH_MAX} levels deep: flatten it`);
  }
}

function fieldOf(value: PlainValue, depth: number): Field {
  if (value === null || value === undefined) return field.nothing();
  switch (typeof value) {
    case 'string':
      return field.string(value);
    case 'boolean':
      return field.bool(value);
    case 'number':
      return Number.isSafeInteger(value) ? field.int(value) : field.double(value);
    case 'bigint':
      return longOf(value);
    case 'object':
      return objectFieldOf(value, depth);
    default:
      throw new TypeError(
        `a ${typeof value} has no form in a field table: convert it to a string or a number first`,
      );
  }
}

function longOf(value: bigint): Field {
  if (BigInt.asIntN(64, value) !== value) {
    throw new TypeError(`the integer ${value} does not fit into 64 bits: send it as a string`);
  }
  return field.long(exactNumber(value));
}

function objectFieldOf(value: Exclude<PlainValue, null> & object, depth: number): Field {
  if (value instanceof Uint8Array) return field.bytes(value);
  if (value instanceof Map) return field.table(value);
  if (isArray(value)) return arrayAtDepth(value, depth + 1);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new TypeError(
      'only plain objects have a form in a field table: convert dates and class instances first',
    );
  }
  return field.table(tableAtDepth(value, depth + 1));
}

/** `Array.isArray` does not narrow a readonly array. */
function isArray(value: object): value is readonly PlainValue[] {
  return Array.isArray(value);
}

/** What `plainTable` makes of a field. */
export type PlainField =
  | string
  | number
  | bigint
  | boolean
  | null
  | Uint8Array
  | Decimal
  | readonly PlainField[]
  | { readonly [key: string]: PlainField };

/** A table as an object without a prototype: every key is safe in it. A void becomes null, a decimal stays what it is. */
export function plainTable(table: FieldTable): { [key: string]: PlainField } {
  const entries: { [key: string]: PlainField } = Object.create(null);
  for (const [key, { value }] of table) entries[key] = plainField(value);
  return entries;
}

function plainField(value: FieldScalar): PlainField {
  if (value === undefined) return null;
  if (value instanceof Map) return plainTable(value);
  if (isFieldArray(value)) return value.map((element) => plainField(element.value));
  return value;
}

function isFieldArray(value: FieldScalar): value is readonly Field[] {
  return Array.isArray(value);
}
