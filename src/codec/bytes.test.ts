import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  copyBytes,
  decodeUtf8,
  encodeShortstr,
  encodeUtf8,
  isUtf8,
  readU16,
  readU32,
  readU64,
  shortenUtf8,
  utf8Length,
  writeU16,
  writeU32,
  writeU64,
} from './bytes.ts';

/** Strings of UTF-16 units, lone surrogates among them. */
const anyText = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 0xd700, max: 0xe000 })))
  .map((units) => String.fromCharCode(...units));

const wellFormedText = anyText.map((text) => text.replace(/\p{Surrogate}/gu, '')).map((text) => `${text}😀é`);

/** Bytes that look like UTF-8 often enough to go deep. */
const almostUtf8 = fc
  .array(
    fc.oneof(
      fc.integer({ min: 0, max: 255 }),
      fc.integer({ min: 0x80, max: 0xbf }),
      fc.constantFrom(0xc2, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0x9f, 0xa0, 0x8f, 0x90),
    ),
  )
  .map((bytes) => Uint8Array.from(bytes));

function isWellFormed(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

describe('copyBytes', () => {
  it('copies any range to any place and touches nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), fc.nat(20), fc.nat(20), (source, skipped, at) => {
        const start = Math.min(skipped, source.length);
        const target = new Uint8Array(at + source.length - start + 3).fill(0xaa);
        copyBytes(source, start, source.length, target, at);
        expect([...target]).toEqual([
          ...Array(at).fill(0xaa),
          ...source.subarray(start),
          ...Array(3).fill(0xaa),
        ]);
      }),
    );
  });
});

describe('integers', () => {
  it('are written in network byte order', () => {
    const bytes = new Uint8Array(14);
    writeU16(bytes, 0, 0x0102);
    writeU32(bytes, 2, 0xfffefdfc);
    writeU64(bytes, 6, 0x1f_0203_0405_0607);
    expect([...bytes]).toEqual([1, 2, 0xff, 0xfe, 0xfd, 0xfc, 0, 0x1f, 2, 3, 4, 5, 6, 7]);
  });

  it('are read back as they were written', () => {
    fc.assert(
      fc.property(fc.nat(0xffff), fc.nat(0xffffffff), fc.maxSafeNat(), (u16, u32, u64) => {
        const bytes = new Uint8Array(14);
        writeU16(bytes, 0, u16);
        writeU32(bytes, 2, u32);
        writeU64(bytes, 6, u64);
        expect([readU16(bytes, 0), readU32(bytes, 2), readU64(bytes, 6)]).toEqual([u16, u32, u64]);
      }),
    );
  });

  it('of 64 bits are written as two’s complement when negative', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        const bytes = new Uint8Array(8);
        writeU64(bytes, 0, value);
        expect(new DataView(bytes.buffer).getBigInt64(0)).toBe(BigInt(value));
      }),
    );
  });
});

describe('UTF-8', () => {
  it('is encoded as TextEncoder does, with U+FFFD for half a surrogate pair', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(encodeUtf8(text)).toEqual(new TextEncoder().encode(text));
        expect(utf8Length(text)).toBe(new TextEncoder().encode(text).length);
      }),
    );
  });

  it('is decoded as TextDecoder does, with U+FFFD for each invalid sequence', () => {
    fc.assert(
      fc.property(almostUtf8, (bytes) => {
        expect(decodeUtf8(bytes, 0, bytes.length)).toBe(
          new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes),
        );
      }),
      { numRuns: 2000 },
    );
  });

  it('is told from bytes that are no UTF-8', () => {
    fc.assert(
      fc.property(almostUtf8, (bytes) => {
        expect(isUtf8(bytes, 0, bytes.length)).toBe(isWellFormed(bytes));
      }),
      { numRuns: 2000 },
    );
  });

  it('comes back the same when encoded and decoded', () => {
    fc.assert(
      fc.property(wellFormedText, (text) => {
        const bytes = encodeUtf8(text);
        expect(isUtf8(bytes, 0, bytes.length)).toBe(true);
        expect(decodeUtf8(bytes, 0, bytes.length)).toBe(text);
      }),
    );
  });

  it('decodes only the range it is given', () => {
    const bytes = encodeUtf8('häuser');
    expect(decodeUtf8(bytes, 3, 6)).toBe('use');
    expect(decodeUtf8(bytes, 0, 2)).toBe('h\ufffd');
  });

  it('decodes texts of any length', () => {
    for (const text of ['x'.repeat(200_000), '😀'.repeat(100_000)]) {
      const bytes = encodeUtf8(text);
      expect(decodeUtf8(bytes, 0, bytes.length) === text).toBe(true);
    }
  });
});

describe('shortenUtf8', () => {
  it('leaves a text that fits as it is', () => {
    expect(shortenUtf8('ä'.repeat(127), 255)).toBe('ä'.repeat(127));
  });

  it('cuts between characters and ends in three dots', () => {
    expect(shortenUtf8('a'.repeat(256), 255)).toBe(`${'a'.repeat(252)}...`);
    expect(shortenUtf8('😀'.repeat(64), 255)).toBe(`${'😀'.repeat(63)}...`);
  });

  it('never exceeds the limit', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 3, max: 40 }), (text, bytesMax) => {
        expect(utf8Length(shortenUtf8(text, bytesMax))).toBeLessThanOrEqual(bytesMax);
      }),
    );
  });
});

describe('encodeShortstr', () => {
  it('puts the length in bytes in front of the text', () => {
    expect([...encodeShortstr('')]).toEqual([0]);
    expect([...encodeShortstr('aé')]).toEqual([3, 0x61, 0xc3, 0xa9]);
    expect(encodeShortstr('x'.repeat(255))).toHaveLength(256);
  });
});
