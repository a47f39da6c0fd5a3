/**
 * One entry of a replicated stream: a header, and what it is about. Integers are little-endian; a u64 is below 2^53.
 *
 *      0        3         4      5        6     8          12        16         24       32       40       48
 *     +--------+---------+------+--------+-----+----------+---------+----------+--------+--------+--------+-------+
 *     | magic  | version | kind | stream | 0   | identity | payload | sequence | epoch  | writer | oldest | first |
 *     | "LVE"  |         |      |        |     |          | bytes   |          |        |        |        | block |
 *     | 3 bytes| u8      | u8   | u8     | u16 | u32      | u32     | u64      | u64    | u64    | u64    | u64   |
 *     +--------+---------+------+--------+-----+----------+---------+----------+--------+--------+--------+-------+
 *      56       60     64      68      72        76       80
 *     +--------+------+-------+-------+---------+--------+~~~~~~~~~+
 *     | block  | part | part  | batch | payload | header | payload |
 *     | count  |      | count | bytes | CRC-32  | CRC-32 |         |
 *     | u32    | u32  | u32   | u32   | u32     | u32    |         |
 *     +--------+------+-------+-------+---------+--------+~~~~~~~~~+
 *
 *     kind       payload                                             what it is
 *     ---------+---------------------------------------------------+------------------------------------------------------
 *     1 blocks | blocks, one behind the other: whole groups        | a batch
 *     2 part   | a piece of a batch that is too large for an entry | counts when the last part is there: part + 1 = part count
 *     3 fence  | nothing                                           | the first entry of an epoch
 *     4 trim   | nothing                                           | says what is not needed any more
 *
 * - stream: 1 main, 2 cold. identity: a random number that all entries of one stream share. writer: of one opened engine.
 * - sequence: where the entry lies. epoch: grows with each fence.
 * - oldest: entries before this one are not needed any more, and may be gone; this one and all behind it must be there.
 * - first block: the number of the first block of the batch; without blocks, of the next one. block count: how many blocks
 *   are complete with this entry; of a part that is not the last one: 0.
 * - Both checksums begin with a number made of identity, stream and sequence. So an entry that lies where it was not written to
 *   is none, and neither is one that a publisher puts into a message.
 *
 * A block is a record of kind 15 with what follows it:
 *
 *      0        4           5     8         12
 *     +--------+-----------+-----+---------+~~~~~~~~~+
 *     | record | kind 15,  | 0   | payload | records |
 *     | bytes  | flags     |     | bytes   |         |
 *     | u32 12 | u4, u4    | u24 | u32     |         |       flag 1: its group goes on in the next block
 *     +--------+-----------+-----+---------+~~~~~~~~~+
 */

import { crc32 } from 'node:zlib';

export const ENTRY_HEADER_BYTES = 80;
export const BLOCK_HEADER_BYTES = 12;

export type EntryStream = 'main' | 'cold';
export type EntryKind = 'blocks' | 'part' | 'fence' | 'trim';

export interface EntryHeader {
  readonly kind: EntryKind;
  readonly stream: EntryStream;
  readonly identity: number;
  readonly sequence: number;
  readonly epoch: number;
  readonly writer: number;
  readonly oldest: number;
  readonly firstBlock: number;
  readonly blockCount: number;
  readonly part: number;
  readonly partCount: number;
  readonly batchBytes: number;
}

/** Where an entry was found; `identity` undefined: whatever it says. */
export interface EntryPlace {
  readonly stream: EntryStream;
  readonly sequence: number;
  readonly identity: number | undefined;
}

/** What bytes turned out to be. */
export type EntryReading =
  | { readonly kind: 'sound'; readonly header: EntryHeader }
  | { readonly kind: 'other-version'; readonly version: number }
  /** `what`: the rest of a sentence that begins with the number of the entry. */
  | { readonly kind: 'damaged'; readonly what: string };

const FORMAT_VERSION = 1;
const MAGIC = 0x4c5645;
const VERSION = 3;
const KIND = 4;
const STREAM = 5;
const IDENTITY = 8;
const PAYLOAD_BYTES = 12;
const SEQUENCE = 16;
const EPOCH = 24;
const WRITER = 32;
const OLDEST = 40;
const FIRST_BLOCK = 48;
const BLOCK_COUNT = 56;
const PART = 60;
const PART_COUNT = 64;
const BATCH_BYTES = 68;
const PAYLOAD_CRC = 72;
const HEADER_CRC = 76;

/** By their number. */
const KINDS: readonly (EntryKind | undefined)[] = [undefined, 'blocks', 'part', 'fence', 'trim'];
const STREAMS: readonly (EntryStream | undefined)[] = [undefined, 'main', 'cold'];

const KIND_HEADER = 15;
const FLAG_MORE = 1;
const BLOCK_FLAGS = 4;
const BLOCK_PAYLOAD_BYTES = 8;

const TWO_32 = 2 ** 32;

/** The number of the block behind what is complete with an entry. */
export function nextBlockOf(header: EntryHeader): number {
  return header.firstBlock + header.blockCount;
}

/** Fills in the header of `entry`, whose payload is in its place. Runs per entry. */
export function writeEntryHeader(entry: Uint8Array, header: EntryHeader): void {
  const view = new DataView(entry.buffer, entry.byteOffset, ENTRY_HEADER_BYTES);
  const seed = checksumSeed(header.identity, STREAMS.indexOf(header.stream), header.sequence);
  view.setUint32(0, (MAGIC << 8) | FORMAT_VERSION);
  view.setUint8(KIND, KINDS.indexOf(header.kind));
  view.setUint8(STREAM, STREAMS.indexOf(header.stream));
  view.setUint16(STREAM + 1, 0);
  view.setUint32(IDENTITY, header.identity, true);
  view.setUint32(PAYLOAD_BYTES, entry.length - ENTRY_HEADER_BYTES, true);
  writeU64(view, SEQUENCE, header.sequence);
  writeU64(view, EPOCH, header.epoch);
  writeU64(view, WRITER, header.writer);
  writeU64(view, OLDEST, header.oldest);
  writeU64(view, FIRST_BLOCK, header.firstBlock);
  view.setUint32(BLOCK_COUNT, header.blockCount, true);
  view.setUint32(PART, header.part, true);
  view.setUint32(PART_COUNT, header.partCount, true);
  view.setUint32(BATCH_BYTES, header.batchBytes, true);
  view.setUint32(PAYLOAD_CRC, crc32(entry.subarray(ENTRY_HEADER_BYTES), seed), true);
  view.setUint32(HEADER_CRC, crc32(entry.subarray(0, HEADER_CRC), seed), true);
}

/** Checks `entry`, which was found at `place`. */
export function readEntry(entry: Uint8Array, place: EntryPlace): EntryReading {
  if (entry.length < ENTRY_HEADER_BYTES) return { kind: 'damaged', what: `has only ${entry.length} bytes` };
  const view = new DataView(entry.buffer, entry.byteOffset, entry.length);
  if (view.getUint32(0) >>> 8 !== MAGIC) return { kind: 'damaged', what: 'was not written by Leveret' };
  const seed = checksumSeed(view.getUint32(IDENTITY, true), view.getUint8(STREAM), readU64(view, SEQUENCE));
  if (crc32(entry.subarray(0, HEADER_CRC), seed) !== view.getUint32(HEADER_CRC, true)) {
    return { kind: 'damaged', what: 'has changed in its header since it was written' };
  }
  const version = view.getUint8(VERSION);
  if (version !== FORMAT_VERSION) return { kind: 'other-version', version };
  const header = readHeader(view);
  if (header === undefined) return { kind: 'damaged', what: 'has a header that no Leveret writes' };
  if (!isAtHome(header, place)) return { kind: 'damaged', what: `was written as ${originOf(header, place)}` };
  const isSound =
    view.getUint32(PAYLOAD_BYTES, true) === entry.length - ENTRY_HEADER_BYTES &&
    crc32(entry.subarray(ENTRY_HEADER_BYTES), seed) === view.getUint32(PAYLOAD_CRC, true);
  return isSound
    ? { kind: 'sound', header }
    : { kind: 'damaged', what: 'has changed in its payload since it was written' };
}

function readHeader(view: DataView): EntryHeader | undefined {
  const kind = KINDS[view.getUint8(KIND)];
  const stream = STREAMS[view.getUint8(STREAM)];
  if (kind === undefined || stream === undefined) return undefined;
  return {
    kind,
    stream,
    identity: view.getUint32(IDENTITY, true),
    sequence: readU64(view, SEQUENCE),
    epoch: readU64(view, EPOCH),
    writer: readU64(view, WRITER),
    oldest: readU64(view, OLDEST),
    firstBlock: readU64(view, FIRST_BLOCK),
    blockCount: view.getUint32(BLOCK_COUNT, true),
    part: view.getUint32(PART, true),
    partCount: view.getUint32(PART_COUNT, true),
    batchBytes: view.getUint32(BATCH_BYTES, true),
  };
}

function isAtHome(
  header: EntryHeader,
  { stream, sequence, identity = header.identity }: EntryPlace,
): boolean {
  return header.stream === stream && header.sequence === sequence && header.identity === identity;
}

function originOf(header: EntryHeader, { identity = header.identity }: EntryPlace): string {
  const log = header.identity === identity ? '' : ' of another log';
  return `entry ${header.sequence} of ${header.stream}${log}`;
}

/** Makes `view`'s `[start, end)` a block: its header is filled in. Runs per block. */
export function writeBlockHeader(view: DataView, start: number, end: number, more: boolean): void {
  view.setUint32(start, BLOCK_HEADER_BYTES, true);
  view.setUint32(start + BLOCK_FLAGS, (KIND_HEADER << 4) | (more ? FLAG_MORE : 0), true);
  view.setUint32(start + BLOCK_PAYLOAD_BYTES, end - start - BLOCK_HEADER_BYTES, true);
}

/** Where the block at `at` ends; -1: none is there, or it ends behind `end`. */
export function blockEndAt(view: DataView, at: number, end: number): number {
  if (at + BLOCK_HEADER_BYTES > end || view.getUint32(at, true) !== BLOCK_HEADER_BYTES) return -1;
  if (view.getUint8(at + BLOCK_FLAGS) >>> 4 !== KIND_HEADER) return -1;
  const blockEnd = at + BLOCK_HEADER_BYTES + view.getUint32(at + BLOCK_PAYLOAD_BYTES, true);
  return blockEnd <= end ? blockEnd : -1;
}

/** Whether the group of the block at `at` goes on in the next one. */
export function isMoreAt(view: DataView, at: number): boolean {
  return (view.getUint8(at + BLOCK_FLAGS) & FLAG_MORE) !== 0;
}

function checksumSeed(identity: number, stream: number, sequence: number): number {
  const high = Math.floor(sequence / TWO_32);
  return (identity + Math.imul(sequence >>> 0, 0x9e3779b1) + Math.imul(high, 0x85ebca6b) + stream) >>> 0;
}

function writeU64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value >>> 0, true);
  view.setUint32(at + 4, Math.floor(value / TWO_32), true);
}

function readU64(view: DataView, at: number): number {
  return view.getUint32(at + 4, true) * TWO_32 + view.getUint32(at, true);
}
