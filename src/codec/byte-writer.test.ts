import { describe, expect, it } from 'vitest';
import { ByteWriter } from './byte-writer.ts';

describe('ByteWriter', () => {
  it('grows when it is full and keeps what was written', () => {
    const writer = new ByteWriter(1);
    for (let value = 0; value < 1000; value++) writer.u16(value);
    const bytes = writer.toBytes();
    expect(bytes.length).toBe(2000);
    expect([bytes[0], bytes[1], bytes[1998], bytes[1999]]).toEqual([0, 0, 3, 231]);
  });

  it('starts from no capacity at all', () => {
    const writer = new ByteWriter(0);
    writer.u8(7);
    expect([...writer.toBytes()]).toEqual([7]);
  });

  it('writes signed integers as two’s complement', () => {
    const writer = new ByteWriter();
    writer.u8(-1);
    writer.u16(-2);
    writer.u32(-3);
    writer.u64(-4);
    expect([...writer.toBytes()]).toEqual([
      ...[0xff],
      ...[0xff, 0xfe],
      ...[0xff, 0xff, 0xff, 0xfd],
      ...[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfc],
    ]);
  });

  it('writes 64 bits of a bigint', () => {
    const writer = new ByteWriter();
    writer.u64(0xfedc_ba98_7654_3210n);
    writer.u64(-2n);
    const view = new DataView(writer.toBytes().buffer);
    expect(view.getBigUint64(0)).toBe(0xfedc_ba98_7654_3210n);
    expect(view.getBigInt64(8)).toBe(-2n);
  });

  it('writes a short string of up to 255 bytes', () => {
    const writer = new ByteWriter(4);
    writer.shortstr('ä'.repeat(127));
    expect(writer.position).toBe(255);
    expect(writer.bytes[0]).toBe(254);
  });

  it.each(['x'.repeat(256), 'ä'.repeat(128)])('refuses a longer one and writes nothing', (text) => {
    const writer = new ByteWriter();
    expect(() => writer.shortstr(text)).toThrow(/at most 255 bytes/);
    expect(writer.position).toBe(0);
  });

  it('writes a long string of text or of bytes', () => {
    const writer = new ByteWriter(1);
    writer.longstr('é');
    writer.longstr(Uint8Array.of(1, 2, 3));
    expect([...writer.toBytes()]).toEqual([0, 0, 0, 2, 0xc3, 0xa9, 0, 0, 0, 3, 1, 2, 3]);
  });

  it('copies a range of bytes', () => {
    const writer = new ByteWriter(0);
    writer.raw(Uint8Array.of(1, 2, 3, 4), 1, 3);
    expect([...writer.toBytes()]).toEqual([2, 3]);
  });

  it('begins anew after a reset', () => {
    const writer = new ByteWriter();
    writer.u32(1);
    writer.reset();
    writer.u8(9);
    expect([...writer.toBytes()]).toEqual([9]);
  });
});
