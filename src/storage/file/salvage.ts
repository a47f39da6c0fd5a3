/**
 * Makes a damaged data directory one that a broker starts on: keeps every group of blocks that is whole, and leaves out
 * the rest. Each segment that is not as it should be is written anew, next to the old one, whose copy goes to quarantine/
 * before the new one takes its place. What is sound is not touched.
 *
 * It can be interrupted anywhere and begun again (salvage-mark.ts).
 */

import { randomInt } from 'node:crypto';
import {
  BLOCK_HEADER_BYTES,
  type BlockContext,
  BlockHeader,
  makeSeal,
  readBlockHeader,
  writeBlockHeader,
} from './block.ts';
import type { Disk, DiskFile } from './disk.ts';
import {
  type LogSurvey,
  type SalvagedPiece,
  type StoragePlace,
  type SurveyedSegment,
  surveyLog,
} from './log-survey.ts';
import { STREAMS, withStorage } from './offline-storage.ts';
import {
  finishSalvage,
  isSalvageUnfinished,
  markSalvage,
  temporariesOf,
  unfinishedSalvage,
  wholeStream,
} from './salvage-mark.ts';
import {
  encodeSegmentHeader,
  type FileStream,
  SEGMENT_HEADER_BYTES,
  segmentName,
  segmentNumberOf,
} from './segment-header.ts';
import { copyAside, QUARANTINE, TEMPORARY_SUFFIX } from './tail-repair.ts';

/** What was saved, and what was not. */
export interface Salvage {
  readonly keptBlockCount: number;
  readonly losses: readonly StoragePlace[];
  /** The files that were written anew, or would be. */
  readonly rewritten: readonly string[];
  /** Where the originals are, in the data directory. Empty when nothing was changed. */
  readonly quarantined: readonly string[];
}

/**
 * @param options dryRun: only says what would be done.
 * @throws StorageError DATA_DIR_IN_USE, DATA_DIR_UNUSABLE, DISK_FAILED
 */
export function salvage(disk: Disk, options: { readonly dryRun: boolean }): Promise<Salvage> {
  return withStorage(disk, async () => {
    if (!options.dryRun) for (const stream of STREAMS) await finishSalvage(disk, stream);
    const works = [];
    for (const stream of STREAMS) works.push(await workOn(disk, stream));
    const quarantined: string[] = [];
    if (!options.dryRun) {
      for (const work of works) quarantined.push(...(await work.carryOut()));
    }
    return {
      keptBlockCount: works.reduce((sum, { keptBlockCount }) => sum + keptBlockCount, 0),
      losses: works.flatMap(({ losses }) => losses),
      rewritten: works.flatMap(({ rewritten }) => rewritten),
      quarantined,
    };
  });
}

/** What has to be done about one stream. */
interface Work {
  readonly keptBlockCount: number;
  readonly losses: readonly StoragePlace[];
  readonly rewritten: readonly string[];
  /** Returns the names of the copies that it made of what was there before. */
  carryOut(): Promise<readonly string[]>;
}

async function workOn(disk: Disk, stream: FileStream): Promise<Work> {
  if (await isSalvageUnfinished(disk, stream)) return finishStream(disk, stream);
  const survey = await surveyLog(disk, stream);
  return survey === undefined ? beginStream(disk, stream) : mendStream(disk, survey);
}

/** What lies there makes no sense before an earlier salvage is finished; a dry run does not even do that. */
async function finishStream(disk: Disk, stream: FileStream): Promise<Work> {
  const temporaries = await temporariesOf(disk, stream);
  return {
    keptBlockCount: 0,
    losses: [unfinishedSalvage(stream)],
    rewritten: temporaries.map((name) => name.slice(0, -TEMPORARY_SUFFIX.length)),
    carryOut: () => Promise.resolve([]),
  };
}

/** Nothing is left of it: it begins anew. */
function beginStream(disk: Disk, stream: FileStream): Work {
  const name = segmentName(stream, 1);
  const header = { stream, number: 1, incarnation: 1, identity: randomInt(2 ** 32) };
  return {
    keptBlockCount: 0,
    losses: [wholeStream(stream)],
    rewritten: [name],
    async carryOut() {
      await removeTemporaries(disk, stream);
      await writeNew(disk, `${name}${TEMPORARY_SUFFIX}`, [encodeSegmentHeader(header)]);
      const empty = (await disk.list()).filter((each) => segmentNumberOf(stream, each) !== undefined);
      const kept = await moveAside(disk, empty, 1);
      await markSalvage(disk, stream);
      await finishSalvage(disk, stream);
      return kept;
    },
  };
}

/** Moves files to quarantine. Returns their names there. */
async function moveAside(disk: Disk, names: readonly string[], incarnation: number): Promise<string[]> {
  const kept: string[] = [];
  for (const name of names) {
    const copy = asideName(name, incarnation);
    await disk.rename(name, copy);
    kept.push(copy);
  }
  return kept;
}

/** `incarnation`: of the salvage. */
function asideName(name: string, incarnation: number): string {
  return `${QUARANTINE}/${name}-before-salvage-${incarnation}`;
}

function mendStream(disk: Disk, survey: LogSurvey): Work {
  const { stream, losses } = survey;
  const segments = segmentsToWrite(survey);
  return {
    keptBlockCount: survey.segments.reduce((sum, { blockCount }) => sum + blockCount, 0),
    losses,
    rewritten: segments.map(({ number }) => segmentName(stream, number)),
    async carryOut() {
      await removeTemporaries(disk, stream);
      const written: string[] = [];
      for (const segment of segments) written.push(await writeAnew(disk, survey, segment));
      const kept = await setAside(disk, survey, segments);
      if (written.length > 0) await markSalvage(disk, stream);
      await finishSalvage(disk, stream);
      return [...kept, ...(await setStraysAside(disk, survey, written))];
    },
  };
}

/** Files that have the name of a segment, but are none: what was in them has its own name by now. */
async function setStraysAside(disk: Disk, survey: LogSurvey, written: readonly string[]): Promise<string[]> {
  const { stream, segments, incarnation } = survey;
  const known = new Set([...written, ...segments.map(({ number }) => segmentName(stream, number))]);
  const names = await disk.list();
  const strays = names.filter((name) => segmentNumberOf(stream, name) !== undefined && !known.has(name));
  const kept = await moveAside(disk, strays, incarnation + 1);
  await disk.syncDirectory();
  return kept;
}

/** Those that are not as they should be, and the last one, which says from then on what there is. */
function segmentsToWrite({ segments, losses, incarnation }: LogSurvey): SurveyedSegment[] {
  const last = segments.at(-1) as SurveyedSegment;
  if (losses.length === 0 && !segments.some(({ isDamaged }) => isDamaged)) return [];
  const damaged = segments.filter((segment) => segment.isDamaged || segment === last);
  if (!last.isClosed) return damaged;
  const { number } = last;
  const next = { number: number + 1, file: undefined, size: 0, incarnation: incarnation + 1, pieces: [] };
  return [...damaged, { ...next, blockCount: 0, isClosed: false, isDamaged: true }];
}

async function removeTemporaries(disk: Disk, stream: FileStream): Promise<void> {
  for (const name of await temporariesOf(disk, stream)) await disk.remove(name);
}

/** Copies of what is about to be replaced. Some names may hold what belongs to other names. */
async function setAside(
  disk: Disk,
  { stream, incarnation }: LogSurvey,
  segments: readonly SurveyedSegment[],
): Promise<string[]> {
  const there = new Set(await disk.list());
  const kept: string[] = [];
  for (const { number } of segments) {
    const name = segmentName(stream, number);
    if (!there.has(name)) continue;
    const copy = asideName(name, incarnation + 1);
    const file = await disk.open(name);
    try {
      await copyAside(disk, file, 0, await file.size(), `${name}-aside${TEMPORARY_SUFFIX}`, copy);
    } finally {
      await file.close();
    }
    kept.push(copy);
  }
  await disk.syncDirectory();
  return kept;
}

/** Writes `segment` to a file that counts for nothing yet. Returns the name that it is to get. */
async function writeAnew(disk: Disk, survey: LogSurvey, segment: SurveyedSegment): Promise<string> {
  const { stream, identity } = survey;
  const name = segmentName(stream, segment.number);
  const { number, incarnation } = segment;
  const header = encodeSegmentHeader({ stream, number, incarnation, identity });
  const buffers = [header, ...(await blocksOf(disk, survey, segment))];
  const end = buffers.reduce((sum, { length }) => sum + length, 0);
  buffers.push(...sealsOf(survey, segment, end));
  await writeNew(disk, `${name}${TEMPORARY_SUFFIX}`, buffers);
  return name;
}

/** The last segment says that everything so far is durable, and which segment is the oldest. */
function sealsOf(survey: LogSurvey, { number }: SurveyedSegment, end: number): Uint8Array[] {
  const last = survey.segments.at(-1) as SurveyedSegment;
  const isLast = number === (last.isClosed ? last.number + 1 : last.number);
  if (!isLast) return [];
  const context = {
    identity: survey.identity,
    segment: number,
    durableUpTo: survey.lastBlock,
    incarnation: survey.incarnation + 1,
    oldestSegment: (survey.segments[0] as SurveyedSegment).number,
  };
  return [makeSeal(end, context, false)];
}

/** The pieces of `segment`, with headers for their new places. */
async function blocksOf(disk: Disk, survey: LogSurvey, segment: SurveyedSegment): Promise<Uint8Array[]> {
  const file = segment.file === undefined ? undefined : await disk.open(segment.file);
  try {
    const buffers: Uint8Array[] = [];
    let offset = SEGMENT_HEADER_BYTES;
    for (const piece of segment.pieces) {
      const bytes = await bytesOf(piece, offset, file, survey.identity, segment.number);
      buffers.push(bytes);
      offset += bytes.length;
    }
    return buffers;
  } finally {
    await file?.close();
  }
}

async function bytesOf(
  piece: SalvagedPiece,
  offset: number,
  file: DiskFile | undefined,
  identity: number,
  segment: number,
): Promise<Uint8Array> {
  if (piece.kind === 'empty') return emptyBlocks(piece, offset, identity, segment);
  const bytes = new Uint8Array(piece.to - piece.from);
  await file?.read(bytes, piece.from);
  moveBlocks(bytes, piece.from, offset, identity, segment);
  return bytes;
}

/** Blocks without records, in the place of those that are lost. */
function emptyBlocks(
  { first, last, incarnation }: SalvagedPiece & { readonly kind: 'empty' },
  offset: number,
  identity: number,
  segment: number,
): Uint8Array {
  const bytes = new Uint8Array((last - first + 1) * BLOCK_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  const context = { identity, segment, durableUpTo: 0, incarnation, oldestSegment: 1 };
  for (let at = 0, sequence = first; sequence <= last; at += BLOCK_HEADER_BYTES, sequence++) {
    const place = { fileOffset: offset + at, sequence, more: false, isContinued: false };
    writeBlockHeader(bytes, view, at, at + BLOCK_HEADER_BYTES, place, context);
  }
  return bytes;
}

/** Writes new headers for blocks that lay at `from` in their file and go to `offset`. */
function moveBlocks(
  bytes: Uint8Array,
  from: number,
  offset: number,
  identity: number,
  segment: number,
): void {
  const view = new DataView(bytes.buffer);
  const header = new BlockHeader();
  for (let at = 0; at < bytes.length; ) {
    if (!readBlockHeader(bytes, view, at, identity, segment, from + at, header)) {
      throw new Error(`the block at offset ${from + at} of segment ${segment} changed while it was read`);
    }
    const end = at + BLOCK_HEADER_BYTES + header.payloadBytes;
    const context: BlockContext = { ...header, identity, segment };
    writeBlockHeader(bytes, view, at, end, { ...header, fileOffset: offset + at }, context);
    at = end;
  }
}

async function writeNew(disk: Disk, name: string, buffers: readonly Uint8Array[]): Promise<void> {
  const file = await disk.create(name);
  try {
    await file.write(buffers, 0);
    await file.sync();
  } finally {
    await file.close();
  }
}
