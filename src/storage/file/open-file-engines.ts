import { randomInt } from 'node:crypto';
import type { LogEngine } from '../log-engine.ts';
import type { Disk } from './disk.ts';
import { FileEngine } from './file-engine.ts';
import { type FileStream, SEGMENT_HEADER_BYTES, segmentNumberOf } from './segment-header.ts';
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

/**
 * Locks the directory of `disk` and opens what is in it.
 *
 * @throws StorageError DATA_DIR_IN_USE, DATA_DIR_UNUSABLE, DATA_DAMAGED, DISK_FAILED
 */
export async function openFileEngines(disk: Disk, events: StorageEvents): Promise<FileEngines> {
  const lock = await disk.lock();
  try {
    await makeStreams(disk);
    const shared = togetherFull(events);
    const spill = new SpillEngine(disk, { events: shared() });
    await spill.replay();
    return {
      main: new FileEngine(disk, 'main', { identity: randomInt(2 ** 32), events: shared() }),
      cold: new FileEngine(disk, 'cold', { identity: randomInt(2 ** 32), events: shared() }),
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
 * file beside one with blocks has lost them: each stream can say what it misses, but not when that is all.
 */
async function makeStreams(disk: Disk): Promise<void> {
  const names = await disk.list();
  const [inMain, inCold] = [await contentOf('main', disk, names), await contentOf('cold', disk, names)];
  if (inMain === 'blocks' && inCold === 'nothing') throw missing(disk, 'cold');
  if (inCold === 'blocks' && inMain === 'nothing') throw missing(disk, 'main');
  if (inMain === 'nothing') await makeFirstSegment(disk, 'main');
  if (inCold === 'nothing') await makeFirstSegment(disk, 'cold');
}

async function makeFirstSegment(disk: Disk, stream: FileStream): Promise<void> {
  const { file } = await makeSegment(disk, { stream, identity: randomInt(2 ** 32), incarnation: 1 }, 1);
  await file.close();
}

async function contentOf(
  stream: FileStream,
  disk: Disk,
  names: readonly string[],
): Promise<'nothing' | 'headers' | 'blocks'> {
  const segments = names.filter((name) => segmentNumberOf(stream, name) !== undefined);
  for (const name of segments) {
    const file = await disk.open(name);
    try {
      if ((await file.size()) > SEGMENT_HEADER_BYTES) return 'blocks';
    } finally {
      await file.close();
    }
  }
  return segments.length === 0 ? 'nothing' : 'headers';
}

function missing(disk: Disk, stream: FileStream): Error {
  return dataDamaged(disk.path, `all files ${stream}-*.log are missing`);
}

/** Events for several engines that fill one disk: it is full while one of them says so. */
function togetherFull(events: StorageEvents): () => StorageEvents {
  let fullCount = 0;
  return () => ({
    onEvent: (event) => events.onEvent(event),
    onFailure: (reason) => events.onFailure(reason),
    onFull: (on) => {
      fullCount += on ? 1 : -1;
      if (fullCount === (on ? 1 : 0)) events.onFull(on);
    },
  });
}
