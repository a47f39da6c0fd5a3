import { crc32 } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import {
  BLOCK_HEADER_BYTES,
  blockEndAt,
  ENTRY_HEADER_BYTES,
  type EntryHeader,
  isMoreAt,
  nextBlockOf,
  readEntry,
  writeBlockHeader,
  writeEntryHeader,
} from './entry.ts';

const HEADER: EntryHeader = {
  kind: 'part',
  stream: 'cold',
  identity: 0xfeed_beef,
  sequence: 2 ** 40 + 17,
  epoch: 2 ** 33 + 1,
  writer: 2 ** 52 + 12_345,
  oldest: 2 ** 40 + 3,
  firstBlock: 2 ** 35 + 9,
  blockCount: 7,
  part: 2,
  partCount: 3,
  batchBytes: 1000,
};
const PLACE = { stream: HEADER.stream, sequence: HEADER.sequence, identity: HEADER.identity };

function entry(header: EntryHeader = HEADER, payloadBytes: number = 20): Uint8Array {
  const bytes = new Uint8Array(ENTRY_HEADER_BYTES + payloadBytes).fill(0x5a, ENTRY_HEADER_BYTES);
  writeEntryHeader(bytes, header);
  return bytes;
}

function damageOf(bytes: Uint8Array, place: Parameters<typeof readEntry>[1] = PLACE): string {
  const reading = readEntry(bytes, place);
  return reading.kind === 'damaged' ? reading.what : reading.kind;
}

describe('an entry', () => {
  test('says what was written', () => {
    expect(readEntry(entry(), PLACE)).toEqual({ kind: 'sound', header: HEADER });
    for (const kind of ['blocks', 'fence', 'trim'] as const) {
      const header = { ...HEADER, kind, stream: 'main' as const };
      const place = { ...PLACE, stream: header.stream, identity: undefined };
      expect(readEntry(entry(header, 0), place)).toEqual({ kind: 'sound', header });
    }
    expect(nextBlockOf(HEADER)).toBe(2 ** 35 + 16);
  });

  test('has the bytes that are documented', () => {
    const header = { ...HEADER, stream: 'main' as const, sequence: 0x0102, epoch: 3, writer: 4, oldest: 5 };
    const hex = Buffer.from(entry({ ...header, identity: 6, firstBlock: 8 }, 1)).toString('hex');
    expect(hex.slice(0, 144)).toBe(
      ['4c564501', '02', '01', '0000', '06000000', '01000000', '0201000000000000', '0300000000000000']
        .concat(['0400000000000000', '0500000000000000', '0800000000000000'])
        .concat(['07000000', '02000000', '03000000', 'e8030000'])
        .join(''),
    );
  });

  test('is not taken with any bit changed', () => {
    const sound = entry();
    for (let bit = 0; bit < sound.length * 8; bit++) {
      const changed = sound.slice();
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(readEntry(changed, PLACE).kind, `bit ${bit}`).toBe('damaged');
    }
  });

  test('is not taken when bytes are missing or too many', () => {
    const sound = entry();
    expect(damageOf(sound.subarray(0, 79))).toBe('has only 79 bytes');
    expect(damageOf(sound.subarray(0, 99))).toBe('has changed in its payload since it was written');
    expect(damageOf(new Uint8Array([...sound, 0]))).toBe('has changed in its payload since it was written');
    expect(damageOf(new Uint8Array(100))).toBe('was not written by Leveret');
  });

  test('is not taken in another place than it was written to', () => {
    const sequence = HEADER.sequence - 1;
    expect(damageOf(entry(), { ...PLACE, sequence })).toBe(`was written as entry ${HEADER.sequence} of cold`);
    expect(damageOf(entry(), { ...PLACE, stream: 'main' })).toBe(
      `was written as entry ${HEADER.sequence} of cold`,
    );
    expect(damageOf(entry(), { ...PLACE, identity: 1 })).toBe(
      `was written as entry ${HEADER.sequence} of cold of another log`,
    );
  });

  test('has a payload that only fits its own header', () => {
    const other = entry({ ...HEADER, sequence: HEADER.sequence + 1 });
    other.set(entry().subarray(0, ENTRY_HEADER_BYTES));
    other.set(entry({ ...HEADER, sequence: 1 }).subarray(72, 76), 72);
    expect(damageOf(other)).toBe('has changed in its header since it was written');
  });

  test('of another version is known as such, if its header is whole', () => {
    const bytes = entry();
    bytes[3] = 2;
    expect(damageOf(bytes)).toBe('has changed in its header since it was written');
    const seed =
      (HEADER.identity + Math.imul(HEADER.sequence >>> 0, 0x9e3779b1) + Math.imul(2 ** 8, 0x85ebca6b) + 2) >>>
      0;
    new DataView(bytes.buffer).setUint32(76, crc32(bytes.subarray(0, 76), seed), true);
    expect(readEntry(bytes, PLACE)).toEqual({ kind: 'other-version', version: 2 });
  });
});

describe('a block', () => {
  test('is a record with its records behind it', () => {
    const view = new DataView(new ArrayBuffer(64));
    writeBlockHeader(view, 4, 40, true);
    expect(Buffer.from(view.buffer).toString('hex', 4, 4 + BLOCK_HEADER_BYTES)).toBe(
      '0c000000f100000018000000',
    );
    expect([blockEndAt(view, 4, 64), isMoreAt(view, 4)]).toEqual([40, true]);
    writeBlockHeader(view, 4, 40, false);
    expect(isMoreAt(view, 4)).toBe(false);
  });

  test('that does not end where it may is none', () => {
    const view = new DataView(new ArrayBuffer(64));
    writeBlockHeader(view, 4, 40, false);
    expect([blockEndAt(view, 4, 39), blockEndAt(view, 60, 64), blockEndAt(view, 5, 64)]).toEqual([
      -1, -1, -1,
    ]);
    view.setUint8(8, 0);
    expect(blockEndAt(view, 4, 64)).toBe(-1);
  });
});
