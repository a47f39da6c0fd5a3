import { randomInt } from 'node:crypto';
import type { LogEngine } from '../log-engine.ts';
import type { Disk } from './disk.ts';
import { FileEngine, type FileEngineOptions } from './file-engine.ts';
import { fullTogether } from './full-together.ts';
import {
  decodeSegmentHeader,
  type FileStream,
  SEGMENT_HEADER_BYTES,
  segmentName,
  segmentNumberOf,
} from './segment-header.ts';
import { makeSegment } from './segment-set.ts';
import { SpillEngine } from './spill-engine.ts';
import { dataDamaged, diskFailed, StorageError } from './storage-error.ts';
import type { StorageEvents } from './storage-events.ts';

/** The engines of one data directory. Nothing is read before they are told to replay. */
export interface FileEngines {
  readonly main: LogEngine;
  readonly cold: LogEngine;
  readonly spill: LogEngine;
  /** Lets another broker in. To be called when all engines are closed. */
  release(): Promise<void>;
}

/** What a simulation decides for itself. */
export interface FileEnginesOptions extends Pick<FileEngineOptions, 'timer' | 'segmentBytesMax'> {
  /** Names a log that is made: a random number from 0 to 2^32 - 1 if absent. */
  readonly makeIdentity?: () => number;
}

/**
 * Locks the directory of `disk` and opens what is in it.
 *
 * @throws StorageError DATA_DIR_IN_USE, DATA_DIR_UNUSABLE, DATA_DAMAGED, DISK_FAILED
 */
export async function openFileEngines(
  disk: Disk,
  events: StorageEvents,
  options: FileEnginesOptions = {},
): Promise<FileEngines> {
  const { makeIdentity = randomIdentity, ...engineOptions } = options;
  const lock = await disk.lock();
  try {
    await makeStreams(disk, makeIdentity);
    const shared = fullTogether(events);
    const spill = new SpillEngine(disk, { ...engineOptions, events: shared() });
    await spill.replay();
    const open = (stream: FileStream): FileEngine =>
      new FileEngine(disk, stream, { ...engineOptions, identity: makeIdentity(), events: shared() });
    return {
      main: open('main'),
      cold: open('cold'),
      spill,
      release: () => lock.release(),
    };
  } catch (error) {
    await lock.release();
    throw error instanceof StorageError ? error : diskFailed(disk.path, 'opening it', error);
  }
}

/**
 * Makes what the first start has to make: main first, and both before anything is written to either. So a stream without any
 * file, or with nothing in its files, has lost them when something else says that there was more than a first start: each
 * stream can say what it misses, but not when that is all.
 */
async function makeStreams(disk: Disk, makeIdentity: () => number): Promise<void> {
  const names = await disk.list();
  const [inMain, inCold] = [await contentOf('main', disk, names), await contentOf('cold', disk, names)];
  if (inMain === 'nothing' && wasMain(names)) throw missing(disk, 'main');
  if (inCold === 'nothing' && (inMain === 'blocks' || wasUsed(names, 'cold'))) throw missing(disk, 'cold');
  if (inMain === 'nothing') await makeFirstSegment(disk, 'main', names, makeIdentity());
  if (inCold === 'nothing') await makeFirstSegment(disk, 'cold', names, makeIdentity());
}

/** A start that was cut short may have left the file without its header. */
async function makeFirstSegment(
  disk: Disk,
  stream: FileStream,
  names: readonly string[],
  identity: number,
): Promise<void> {
  for (const name of segmentsAmong(names, stream)) await disk.remove(name);
  const { file } = await makeSegment(disk, { stream, identity, incarnation: 1 }, 1);
  await file.close();
}

function randomIdentity(): number {
  return randomInt(2 ** 32);
}

/** The file of cold is made when that of main is durable. */
function wasMain(names: readonly string[]): boolean {
  return segmentsAmong(names, 'cold').length > 0 || wasUsed(names, 'main') || wasUsed(names, 'cold');
}

/** A first start makes the first segment, and nothing else of `stream`. */
function wasUsed(names: readonly string[], stream: FileStream): boolean {
  const first = segmentName(stream, 1);
  return names.some((name) => name.startsWith(`${stream}-`) && name.includes('.log') && name !== first);
}

/** What the segments of a stream hold. One that was being made when the broker ended holds nothing. */
async function contentOf(
  stream: FileStream,
  disk: Disk,
  names: readonly string[],
): Promise<'nothing' | 'headers' | 'blocks'> {
  let content: 'nothing' | 'headers' = 'nothing';
  const header = new Uint8Array(SEGMENT_HEADER_BYTES);
  for (const name of segmentsAmong(names, stream)) {
    const file = await disk.open(name);
    try {
      if ((await file.size()) > SEGMENT_HEADER_BYTES) return 'blocks';
      const headerBytes = await file.read(header, 0);
      if (decodeSegmentHeader(header.subarray(0, headerBytes)).kind !== 'damaged') content = 'headers';
    } finally {
      await file.close();
    }
  }
  return content;
}

function segmentsAmong(names: readonly string[], stream: FileStream): string[] {
  return names.filter((name) => segmentNumberOf(stream, name) !== undefined);
}

function missing(disk: Disk, stream: FileStream): Error {
  return dataDamaged(disk.path, `all files ${stream}-*.log are missing or empty`);
}
