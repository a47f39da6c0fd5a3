import { copyBytes, SHORTSTR_BYTES_MAX, writeU16, writeU32, writeU64, writeUtf8 } from './bytes.ts';
import { CodecError } from './errors.ts';
import type { Decimal, Field, FieldTable } from './field-table.ts';
import { SYNTAX_ERROR } from './reply-codes.ts';

const CAPACITY_DEFAULT = 256;

/**
 * Writes AMQP's data types one behind the other into a buffer that grows.
 *
 * `bytes[0, position)` is what was written. The writer replaces `bytes` when it grows: read the field again after every
 * write. `position` may be set back, to take back or to patch what was written.
 */
export class ByteWriter {
  bytes: Uint8Array;
  position: number;

  constructor(capacity: number = CAPACITY_DEFAULT) {
    this.bytes = new Uint8Array(capacity);
    this.position = 0;
  }

  /** Makes room for `n` more bytes, at least doubling when the buffer is too small: amortized O(1) per byte. */
  reserve(n: number): void {
    if (this.position + n > this.bytes.length) this.#grow(this.position + n);
  }

  #grow(capacityMin: number): void {
    const bytes = new Uint8Array(Math.max(capacityMin, this.bytes.length * 2));
    copyBytes(this.bytes, 0, this.position, bytes, 0);
    this.bytes = bytes;
  }

  u8(value: number): void {
    this.reserve(1);
    this.bytes[this.position++] = value;
  }

  u16(value: number): void {
    this.reserve(2);
    writeU16(this.bytes, this.position, value);
    this.position += 2;
  }

  u32(value: number): void {
    this.reserve(4);
    writeU32(this.bytes, this.position, value);
    this.position += 4;
  }

  /**
   * A number is exact up to 2^53; what is larger comes as a bigint. Here and above, a signed value has the same bytes as
   * the unsigned one that it wraps to (two's complement).
   */
  u64(value: number | bigint): void {
    this.reserve(8);
    if (typeof value === 'number') {
      writeU64(this.bytes, this.position, value);
    } else {
      writeU32(this.bytes, this.position, Number(BigInt.asUintN(32, value >> 32n)));
      writeU32(this.bytes, this.position + 4, Number(BigInt.asUintN(32, value)));
    }
    this.position += 8;
  }

  f32(value: number): void {
    this.reserve(4);
    new DataView(this.bytes.buffer, this.bytes.byteOffset).setFloat32(this.position, value);
    this.position += 4;
  }

  f64(value: number): void {
    this.reserve(8);
    new DataView(this.bytes.buffer, this.bytes.byteOffset).setFloat64(this.position, value);
    this.position += 8;
  }

  /** Throws CodecError 502, and writes nothing, when the text takes more than 255 bytes. */
  shortstr(text: string): void {
    if (text.length > SHORTSTR_BYTES_MAX) throw shortstrTooLong(text);
    this.reserve(1 + text.length * 3);
    const start = this.position + 1;
    const end = writeUtf8(text, this.bytes, start);
    if (end - start > SHORTSTR_BYTES_MAX) throw shortstrTooLong(text);
    this.bytes[this.position] = end - start;
    this.position = end;
  }

  longstr(text: string | Uint8Array): void {
    if (typeof text !== 'string') {
      this.u32(text.length);
      this.raw(text, 0, text.length);
      return;
    }
    this.reserve(4 + text.length * 3);
    const start = this.position + 4;
    const end = writeUtf8(text, this.bytes, start);
    writeU32(this.bytes, this.position, end - start);
    this.position = end;
  }

  /** Copies `bytes[start, end)`. */
  raw(bytes: Uint8Array, start: number, end: number): void {
    this.reserve(end - start);
    copyBytes(bytes, start, end, this.bytes, this.position);
    this.position += end - start;
  }

  /** A field table with its length in front; the layout is drawn in field-table.ts. */
  table(table: FieldTable): void {
    const lengthAt = this.#beginLength();
    for (const [key, field] of table) {
      this.shortstr(key);
      this.#field(field);
    }
    this.#endLength(lengthAt);
  }

  #array(fields: readonly Field[]): void {
    const lengthAt = this.#beginLength();
    for (const field of fields) this.#field(field);
    this.#endLength(lengthAt);
  }

  #beginLength(): number {
    this.u32(0);
    return this.position - 4;
  }

  #endLength(lengthAt: number): void {
    writeU32(this.bytes, lengthAt, this.position - lengthAt - 4);
  }

  // The tag says what the value is: the casts are the invariant of `Field`.
  #field(field: Field): void {
    const { tag, value } = field;
    this.u8(tag.charCodeAt(0));
    switch (tag) {
      case 't':
        this.u8(value === true ? 1 : 0);
        break;
      case 'b':
      case 'B':
        this.u8(value as number);
        break;
      case 's':
      case 'u':
        this.u16(value as number);
        break;
      case 'I':
      case 'i':
        this.u32(value as number);
        break;
      case 'l':
      case 'L':
      case 'T':
        this.u64(value as number | bigint);
        break;
      case 'f':
        this.f32(value as number);
        break;
      case 'd':
        this.f64(value as number);
        break;
      case 'D':
        this.#decimal(value as Decimal);
        break;
      case 'S':
      case 'x':
        this.longstr(value as string | Uint8Array);
        break;
      case 'A':
        this.#array(value as readonly Field[]);
        break;
      case 'F':
        this.table(value as FieldTable);
        break;
      case 'V':
        break;
    }
  }

  #decimal(decimal: Decimal): void {
    this.u8(decimal.scale);
    this.u32(decimal.value);
  }

  /** Forgets what was written and keeps the buffer. */
  reset(): void {
    this.position = 0;
  }

  /** A copy of what was written. */
  toBytes(): Uint8Array {
    return this.bytes.slice(0, this.position);
  }
}

function shortstrTooLong(text: string): CodecError {
  const start = text.slice(0, 20);
  return new CodecError(
    SYNTAX_ERROR,
    `a short string takes at most ${SHORTSTR_BYTES_MAX} bytes; the one that begins with '${start}' takes more: shorten it`,
  );
}
