/**
 * A segment is a file with blocks one behind the other. Its header is a record of kind 15, as that of a block.
 *
 *      0        4          5               8         12            16         20       28          60       64
 *     +--------+----------+---------------+---------+-------------+----------+--------+-----------+--------+~~~~~~~~
 *     | record | kind 15, | magic         | segment | incarnation | identity | stream | reserved, | header | blocks
 *     | bytes  | flags 8  | "LV", version | number  |             |          | name   | 0         | CRC-32 |
 *     | u32 64 | u4, u4   | 3 bytes       | u32     | u32         | u32      | 8      | 32 bytes  | u32    |
 *     +--------+----------+---------------+---------+-------------+----------+--------+-----------+--------+~~~~~~~~
 *
 * - segment number: from 1 on, without a gap; the same as in the name of the file.
 * - incarnation: of the broker that made the file. Blocks of later ones may follow.
 * - stream name: ASCII, filled up with zeros.
 *
 * A file is made with its header, synced, and its name is made durable, before any block is put in it.
 */

import { crc32 } from 'node:zlib';

export type FileStream = 'main' | 'cold';

export const SEGMENT_HEADER_BYTES = 64;

const KIND_SEGMENT = 0xf8;
const MAGIC = 0x4c56;
const FORMAT_VERSION = 1;
const NUMBER = 8;
const INCARNATION = 12;
const IDENTITY = 16;
const STREAM = 20;
const STREAM_BYTES = 8;
const CRC = 60;
const NUMBER_DIGITS = 10;

export interface SegmentHeader {
  readonly stream: string;
  readonly number: number;
  readonly incarnation: number;
  readonly identity: number;
}

/** What the first bytes of a file turned out to be. */
export type SegmentHeaderReading =
  | { readonly kind: 'sound'; readonly header: SegmentHeader }
  | { readonly kind: 'other-version'; readonly version: number }
  | { readonly kind: 'damaged' };

export function segmentName(stream: FileStream, number: number): string {
  return `${stream}-${String(number).padStart(NUMBER_DIGITS, '0')}.log`;
}

/** The number in the name of a segment of `stream`; undefined when it is the name of something else. */
export function segmentNumberOf(stream: FileStream, name: string): number | undefined {
  const digits = name.slice(stream.length + 1, -'.log'.length);
  if (!/^[0-9]{10}$/.test(digits)) return undefined;
  const number = Number(digits);
  return segmentName(stream, number) === name ? number : undefined;
}

export function encodeSegmentHeader(header: SegmentHeader): Uint8Array {
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, SEGMENT_HEADER_BYTES, true);
  view.setUint8(4, KIND_SEGMENT);
  view.setUint16(5, MAGIC);
  view.setUint8(7, FORMAT_VERSION);
  view.setUint32(NUMBER, header.number, true);
  view.setUint32(INCARNATION, header.incarnation, true);
  view.setUint32(IDENTITY, header.identity, true);
  for (let index = 0; index < header.stream.length; index++) {
    bytes[STREAM + index] = header.stream.charCodeAt(index);
  }
  view.setUint32(CRC, crc32(bytes.subarray(0, CRC)), true);
  return bytes;
}

export function decodeSegmentHeader(bytes: Uint8Array): SegmentHeaderReading {
  if (bytes.length < SEGMENT_HEADER_BYTES) return { kind: 'damaged' };
  const view = new DataView(bytes.buffer, bytes.byteOffset, SEGMENT_HEADER_BYTES);
  if (crc32(bytes.subarray(0, CRC)) !== view.getUint32(CRC, true)) return { kind: 'damaged' };
  if (view.getUint32(0, true) !== SEGMENT_HEADER_BYTES || view.getUint8(4) !== KIND_SEGMENT) {
    return { kind: 'damaged' };
  }
  const version = view.getUint8(7);
  if (view.getUint16(5) !== MAGIC || version !== FORMAT_VERSION) return { kind: 'other-version', version };
  const header = {
    stream: streamAt(bytes),
    number: view.getUint32(NUMBER, true),
    incarnation: view.getUint32(INCARNATION, true),
    identity: view.getUint32(IDENTITY, true),
  };
  return { kind: 'sound', header };
}

function streamAt(bytes: Uint8Array): string {
  let name = '';
  for (let at = STREAM; at < STREAM + STREAM_BYTES; at++) {
    const unit = bytes[at] as number;
    if (unit !== 0) name += String.fromCharCode(unit);
  }
  return name;
}
