import { copyOf, decodeShortstr, readU16, readU32, readU64 } from './bytes.ts';
import { CodecError } from './errors.ts';
import { SYNTAX_ERROR } from './reply-codes.ts';

/**
 * Reads AMQP's data types one behind the other from `bytes[position, end)`, and never past the end: a value that is cut
 * short throws CodecError 502.
 */
export class ByteReader {
  readonly bytes: Uint8Array;
  position: number;
  /** Drawn in while a nested table is read, so that nothing in it can reach past it. */
  end: number;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.bytes = bytes;
    this.position = start;
    this.end = end;
  }

  /** The position of the next `n` bytes, which count as read. */
  take(n: number): number {
    const at = this.position;
    if (n > this.end - at) {
      throw new CodecError(
        SYNTAX_ERROR,
        `a value of ${n} bytes is cut short: ${this.end - at} bytes are left`,
      );
    }
    this.position = at + n;
    return at;
  }

  u8(): number {
    return this.bytes[this.take(1)] as number;
  }

  u16(): number {
    return readU16(this.bytes, this.take(2));
  }

  u32(): number {
    return readU32(this.bytes, this.take(4));
  }

  /** Exact up to 2^53. */
  u64(): number {
    return readU64(this.bytes, this.take(8));
  }

  /** The next `n` bytes as a DataView, for the types that are rare. */
  view(n: number): DataView {
    return new DataView(this.bytes.buffer, this.bytes.byteOffset + this.take(n), n);
  }

  shortstr(): string {
    const length = this.u8();
    const start = this.take(length);
    return decodeShortstr(this.bytes, start, start + length);
  }

  /** A copy: the bytes read from are seldom the reader's to keep. */
  longstr(): Uint8Array {
    const length = this.u32();
    const start = this.take(length);
    return copyOf(this.bytes, start, start + length);
  }
}
