/**
 * The header of a block, in front of its records. Integers are little-endian. It is a record itself, of kind 15, so that a
 * page and a segment file are flat sequences of records.
 *
 *      0        4          5               8          14       16         22       24
 *     +--------+----------+---------------+----------+--------+----------+--------+-------------+
 *     | record | kind 15, | magic         | sequence | 0      | durable  | 0      | incarnation |
 *     | bytes  | flags    | "LV", version |          |        | up to    |        |             |
 *     | u32 48 | u4, u4   | 3 bytes       | u48      | u16    | u48      | u16    | u32         |
 *     +--------+----------+---------------+----------+--------+----------+--------+-------------+
 *      28       32         36       40        44        48
 *     +--------+----------+--------+---------+---------+~~~~~~~~~~~~~~~+
 *     | oldest | identity | pay-   | payload | header  | payload:      |
 *     | segment|          | load   | CRC-32  | CRC-32  | records       |
 *     |        |          | bytes  |         |         |               |
 *     | u32    | u32      | u32    | u32     | u32     |               |
 *     +--------+----------+--------+---------+---------+~~~~~~~~~~~~~~~+
 *
 * - sequence: the number of the block. Contiguous over all segments of a stream.
 * - durable up to: every block up to this one was synced before this block was written.
 * - incarnation: grows with every start of the broker, and never falls from block to block.
 * - oldest segment: segments before it are superfluous; this one and all behind it must be there.
 * - identity: a random number that all segments of one stream of one data directory share.
 * - The header has a checksum of its own, so that a wrong length is never followed. Both checksums begin with a number made
 *   of identity, segment and offset: a block that lies where it was not written to is no block, and neither is one that
 *   a publisher puts into a message.
 *
 * A *seal* is a block without payload that takes no number of its own: it repeats the last one, and says that it is durable.
 */

import { crc32 } from 'node:zlib';

export const BLOCK_HEADER_BYTES = 48;

/** The kind of a record that is the header of a block or of a segment. */
const KIND_HEADER = 15;
/** The group goes on in the next block. */
const FLAG_MORE = 1;
const FLAG_SEAL = 2;
/** Of a seal: the last block of its segment. The next segment is there. */
const FLAG_CLOSED = 4;
/** Of any other block: it is not the first one of its group. */
const FLAG_CONTINUED = 4;

const FORMAT_VERSION = 1;
const MAGIC_AND_VERSION = (0x4c << 16) | (0x56 << 8) | FORMAT_VERSION;

const KIND_AND_FLAGS = 4;
const MAGIC = 5;
const SEQUENCE = 8;
const DURABLE_UP_TO = 16;
const INCARNATION = 24;
const OLDEST_SEGMENT = 28;
const IDENTITY = 32;
const PAYLOAD_BYTES = 36;
const PAYLOAD_CRC = 40;
const HEADER_CRC = 44;

const TWO_32 = 2 ** 32;

/** What a block says about itself. A scratch object of whoever reads blocks: valid until the next one is read. */
export class BlockHeader {
  sequence = 0;
  durableUpTo = 0;
  incarnation = 0;
  oldestSegment = 0;
  payloadBytes = 0;
  payloadCrc = 0;
  /** The group goes on in the next block. */
  more = false;
  /** The group began in a block before. */
  isContinued = false;
  isSeal = false;
  /** Of a seal: the segment ends with it. */
  isClosed = false;
}

/** What a block is, wherever it goes. */
export interface BlockPlace {
  readonly fileOffset: number;
  readonly sequence: number;
  readonly more: boolean;
  readonly isContinued: boolean;
}

/** What the blocks of one write have in common. */
export interface BlockContext {
  readonly identity: number;
  readonly segment: number;
  readonly durableUpTo: number;
  readonly incarnation: number;
  readonly oldestSegment: number;
}

/** Makes `bytes[start, start + BLOCK_HEADER_BYTES)` a record that can be skipped; the rest follows when its place is known. */
export function reserveBlockHeader(view: DataView, start: number): void {
  view.setUint32(start, BLOCK_HEADER_BYTES, true);
  view.setUint8(start + KIND_AND_FLAGS, KIND_HEADER << 4);
}

/** Fills in the header of the block `bytes[start, end)`. Runs per block. */
export function writeBlockHeader(
  bytes: Uint8Array,
  view: DataView,
  start: number,
  end: number,
  place: BlockPlace,
  context: BlockContext,
): void {
  const payload = bytes.subarray(start + BLOCK_HEADER_BYTES, end);
  const seed = checksumSeed(context.identity, context.segment, place.fileOffset);
  const flags = (place.more ? FLAG_MORE : 0) | (place.isContinued ? FLAG_CONTINUED : 0);
  const payloadCrc = crc32(payload, seed);
  writeFields(bytes, view, start, flags, place.sequence, payload.length, payloadCrc, { seed, context });
}

/** A seal at `fileOffset` that names `context.durableUpTo`. */
export function makeSeal(fileOffset: number, context: BlockContext, closed: boolean): Uint8Array {
  const bytes = new Uint8Array(BLOCK_HEADER_BYTES);
  const seed = checksumSeed(context.identity, context.segment, fileOffset);
  const flags = FLAG_SEAL | (closed ? FLAG_CLOSED : 0);
  const view = new DataView(bytes.buffer);
  writeFields(bytes, view, 0, flags, context.durableUpTo, 0, seed, { seed, context });
  return bytes;
}

function writeFields(
  bytes: Uint8Array,
  view: DataView,
  start: number,
  flags: number,
  sequence: number,
  payloadBytes: number,
  payloadCrc: number,
  { seed, context }: { readonly seed: number; readonly context: BlockContext },
): void {
  view.setUint32(start, BLOCK_HEADER_BYTES, true);
  view.setUint8(start + KIND_AND_FLAGS, (KIND_HEADER << 4) | flags);
  view.setUint8(start + MAGIC, MAGIC_AND_VERSION >>> 16);
  view.setUint8(start + MAGIC + 1, MAGIC_AND_VERSION >>> 8);
  view.setUint8(start + MAGIC + 2, MAGIC_AND_VERSION);
  writeU48AndZero(view, start + SEQUENCE, sequence);
  writeU48AndZero(view, start + DURABLE_UP_TO, context.durableUpTo);
  view.setUint32(start + INCARNATION, context.incarnation, true);
  view.setUint32(start + OLDEST_SEGMENT, context.oldestSegment, true);
  view.setUint32(start + IDENTITY, context.identity, true);
  view.setUint32(start + PAYLOAD_BYTES, payloadBytes, true);
  view.setUint32(start + PAYLOAD_CRC, payloadCrc, true);
  view.setUint32(start + HEADER_CRC, crc32(bytes.subarray(start, start + HEADER_CRC), seed), true);
}

/** Reads the header at `start` into `header`. Returns false when there is none, or it belongs elsewhere. Runs per block. */
export function readBlockHeader(
  bytes: Uint8Array,
  view: DataView,
  start: number,
  identity: number,
  segment: number,
  fileOffset: number,
  header: BlockHeader,
): boolean {
  if (view.getUint32(start, true) !== BLOCK_HEADER_BYTES) return false;
  const kindAndFlags = view.getUint8(start + KIND_AND_FLAGS);
  if (kindAndFlags >>> 4 !== KIND_HEADER || magicAt(view, start) !== MAGIC_AND_VERSION) return false;
  const seed = checksumSeed(identity, segment, fileOffset);
  if (crc32(bytes.subarray(start, start + HEADER_CRC), seed) !== view.getUint32(start + HEADER_CRC, true))
    return false;
  header.more = (kindAndFlags & FLAG_MORE) !== 0;
  header.isSeal = (kindAndFlags & FLAG_SEAL) !== 0;
  header.isClosed = header.isSeal && (kindAndFlags & FLAG_CLOSED) !== 0;
  header.isContinued = !header.isSeal && (kindAndFlags & FLAG_CONTINUED) !== 0;
  header.sequence = readU48(view, start + SEQUENCE);
  header.durableUpTo = readU48(view, start + DURABLE_UP_TO);
  header.incarnation = view.getUint32(start + INCARNATION, true);
  header.oldestSegment = view.getUint32(start + OLDEST_SEGMENT, true);
  header.payloadBytes = view.getUint32(start + PAYLOAD_BYTES, true);
  header.payloadCrc = view.getUint32(start + PAYLOAD_CRC, true);
  return true;
}

/** The identity that the header at `start` names, for a segment whose own header is gone. Read the header with it to check it. */
export function identityAt(view: DataView, start: number): number {
  return view.getUint32(start + IDENTITY, true);
}

/** Whether the payload behind the header at `start`, which was read into `header`, is what was written there. */
export function isPayloadSound(
  bytes: Uint8Array,
  start: number,
  identity: number,
  segment: number,
  fileOffset: number,
  header: BlockHeader,
): boolean {
  const from = start + BLOCK_HEADER_BYTES;
  const seed = checksumSeed(identity, segment, fileOffset);
  return crc32(bytes.subarray(from, from + header.payloadBytes), seed) === header.payloadCrc;
}

/** Where the next bytes that may be the beginning of a header are, from `from` on; -1: nowhere before `end`. */
export function findBlockHeader(bytes: Uint8Array, from: number, end: number): number {
  const searched = Buffer.from(bytes.buffer, bytes.byteOffset, end);
  const magic = searched.indexOf(MAGIC_BYTES, from + MAGIC);
  return magic < 0 ? -1 : magic - MAGIC;
}

const MAGIC_BYTES = Uint8Array.of(0x4c, 0x56, FORMAT_VERSION);

/** What both checksums of the block at `fileOffset` begin with. Differs between any two offsets of a segment below 4 GiB. */
function checksumSeed(identity: number, segment: number, fileOffset: number): number {
  return (identity + Math.imul(segment, 0x9e3779b1) + Math.imul(fileOffset, 0x85ebca6b)) >>> 0;
}

function magicAt(view: DataView, start: number): number {
  return (view.getUint16(start + MAGIC) << 8) | view.getUint8(start + MAGIC + 2);
}

function writeU48AndZero(view: DataView, at: number, value: number): void {
  view.setUint32(at, value >>> 0, true);
  view.setUint32(at + 4, Math.floor(value / TWO_32), true);
}

function readU48(view: DataView, at: number): number {
  return view.getUint16(at + 4, true) * TWO_32 + view.getUint32(at, true);
}
