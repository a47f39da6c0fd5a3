/**
 * The records behind the messages: what became of them, and everything else that survives a restart. Integers are
 * little-endian; every record begins with its size and its kind, as a message does (core/message/message-record.ts).
 *
 *     settled            u32 size | 1<<4 + flags | u32 lane | [u48 cold block, if flagged] | runs: u48 first seq, u32 count
 *     note               u32 size | 2<<4 | u32 lane | u48 seq | u32 return count | u48 held until, core time, 0: not held
 *     reach              u32 size | 3<<4 | u32 lane | u48 seq
 *     definition         u32 size | 4<<4 | what core encoded
 *     definitions void   u32 size | 5<<4
 *
 * A settlement of a message in the cold stream (see message-log.ts) names the newest block of that stream that the message
 * may be in: as long as this block is there, the settlement must be, too.
 */

import { readSeq, recordBytesAt, recordKindAt, writeSeq } from '../core/message/message-record.ts';
import type { Page, RecordVisitor } from '../core/message/message-store.ts';
import type { LogPage } from './log-page.ts';

export const RECORD_SETTLED = 1;
export const RECORD_NOTE = 2;
export const RECORD_REACH = 3;
export const RECORD_DEFINITION = 4;
export const RECORD_DEFINITIONS_VOID = 5;
/** The header of a block or of a segment: the engine's. */
export const RECORD_BLOCK = 15;

const KIND = 4;
const FLAG_COLD = 1;
const PREFIX_BYTES = 5;
const LANE = 5;
const SEQ = 9;
const RUN_BYTES = 10;
const COLD_BYTES = 6;

export const NOTE_BYTES = 25;
export const REACH_BYTES = 15;
export const VOID_BYTES = 5;

export function definitionBytes(bytes: number): number {
  return PREFIX_BYTES + bytes;
}

/** The size of a settlement of `runs` runs. */
export function settledBytes(runs: number, coldBlock: number): number {
  return SEQ + (coldBlock === 0 ? 0 : COLD_BYTES) + runs * RUN_BYTES;
}

// ---- writing: each at the end of `page`, which has room for it ----

/** `runs[0, 2 * runCount)`: first seq and count, again and again. `coldBlock`: 0 when no message of it is cold. */
export function writeSettled(
  page: Page,
  laneId: number,
  runs: Float64Array,
  runCount: number,
  coldBlock: number,
): void {
  const { view, end } = page;
  writePrefix(page, RECORD_SETTLED, coldBlock === 0 ? 0 : FLAG_COLD, settledBytes(runCount, coldBlock));
  view.setUint32(end + LANE, laneId, true);
  let at = end + SEQ;
  if (coldBlock !== 0) {
    writeSeq(view, at, coldBlock);
    at += COLD_BYTES;
  }
  for (let run = 0; run < runCount; run++) {
    writeSeq(view, at, runs[2 * run] as number);
    view.setUint32(at + 6, runs[2 * run + 1] as number, true);
    at += RUN_BYTES;
  }
}

export function writeNote(
  page: Page,
  laneId: number,
  seq: number,
  returns: number,
  heldUntilMs: number,
): void {
  const { view, end } = page;
  writePrefix(page, RECORD_NOTE, 0, NOTE_BYTES);
  view.setUint32(end + LANE, laneId, true);
  writeSeq(view, end + SEQ, seq);
  view.setUint32(end + 15, returns, true);
  writeSeq(view, end + 19, heldUntilMs);
}

export function writeReach(page: Page, laneId: number, upTo: number): void {
  const { view, end } = page;
  writePrefix(page, RECORD_REACH, 0, REACH_BYTES);
  view.setUint32(end + LANE, laneId, true);
  writeSeq(view, end + SEQ, upTo);
}

export function writeDefinition(page: Page, bytes: Uint8Array, start: number, end: number): void {
  writePrefix(page, RECORD_DEFINITION, 0, definitionBytes(end - start));
  page.bytes.set(bytes.subarray(start, end), page.end + PREFIX_BYTES);
}

export function writeDefinitionsVoid(page: Page): void {
  writePrefix(page, RECORD_DEFINITIONS_VOID, 0, VOID_BYTES);
}

function writePrefix(page: Page, kind: number, flags: number, bytes: number): void {
  page.view.setUint32(page.end, bytes, true);
  page.view.setUint8(page.end + KIND, (kind << 4) | flags);
}

// ---- reading ----

/** Hands the fact at `offset` to `visitor`; a block header says nothing to it. */
export function visitFact(page: Page, offset: number, visitor: RecordVisitor): void {
  switch (recordKindAt(page, offset)) {
    case RECORD_SETTLED:
      visitSettled(page, offset, visitor);
      return;
    case RECORD_NOTE:
      visitor.onNote(
        laneAt(page, offset),
        seqAt(page, offset),
        returnsAt(page, offset),
        heldAt(page, offset),
      );
      return;
    case RECORD_REACH:
      visitor.onReach(laneAt(page, offset), seqAt(page, offset));
      return;
    case RECORD_DEFINITION:
      visitor.onDefinition(page.bytes, offset + PREFIX_BYTES, offset + recordBytesAt(page, offset));
      return;
    case RECORD_DEFINITIONS_VOID:
      visitor.onDefinitionsVoid();
      return;
    case RECORD_BLOCK:
      return;
    default:
      throw new Error(
        `message log: record of unknown kind ${recordKindAt(page, offset)} at offset ${offset}`,
      );
  }
}

function visitSettled(page: Page, offset: number, visitor: RecordVisitor): void {
  const { view } = page;
  const laneId = laneAt(page, offset);
  const end = offset + recordBytesAt(page, offset);
  for (let at = runsAt(page, offset); at < end; at += RUN_BYTES) {
    const from = readSeq(view, at);
    visitor.onSettled(laneId, from, from + view.getUint32(at + 6, true));
  }
}

/** Whether the record must be looked at before its page goes. What a settlement in cold settles has gone before it. */
export function isLastingFact(page: LogPage, offset: number): boolean {
  const kind = recordKindAt(page, offset);
  if (kind === RECORD_SETTLED) return page.stream === 'main' && coldBlockAt(page, offset) !== 0;
  return kind === RECORD_NOTE || kind === RECORD_REACH || kind === RECORD_DEFINITION;
}

/** Of a note or a reach. */
export function laneAt(page: Page, offset: number): number {
  return page.view.getUint32(offset + LANE, true);
}

/** Of a note or a reach. */
export function seqAt(page: Page, offset: number): number {
  return readSeq(page.view, offset + SEQ);
}

/** Of a settlement: the cold block that it is kept for; 0: none. */
export function coldBlockAt(page: Page, offset: number): number {
  const flags = page.view.getUint8(offset + KIND) & 0xf;
  return (flags & FLAG_COLD) === 0 ? 0 : readSeq(page.view, offset + SEQ);
}

/** Of a note. */
export function returnsAt(page: Page, offset: number): number {
  return page.view.getUint32(offset + 15, true);
}

/** Of a note. */
export function heldAt(page: Page, offset: number): number {
  return readSeq(page.view, offset + 19);
}

function runsAt(page: Page, offset: number): number {
  return offset + SEQ + (coldBlockAt(page, offset) === 0 ? 0 : COLD_BYTES);
}
