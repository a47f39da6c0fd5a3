import type { Disk } from './disk.ts';
import {
  decodeSegmentHeader,
  type FileStream,
  SEGMENT_HEADER_BYTES,
  segmentNumberOf,
} from './segment-header.ts';
import { codeOf, diskFailed, otherVersion, StorageError } from './storage-error.ts';

export const STREAMS: readonly FileStream[] = ['main', 'cold'];

/**
 * Runs `work` on a data directory that no broker uses meanwhile.
 *
 * @throws StorageError DATA_DIR_IN_USE; DATA_FORMAT for what another version wrote, which is not damaged; DATA_DIR_UNUSABLE when there is no such directory, or nothing of a broker in it.
 */
export async function withStorage<T>(disk: Disk, work: () => Promise<T>): Promise<T> {
  await checkThatThereIsData(disk);
  const lock = await disk.lock();
  try {
    await checkVersions(disk);
    return await work();
  } catch (error) {
    throw error instanceof StorageError ? error : diskFailed(disk.path, 'looking at its files', error);
  } finally {
    await lock.release();
  }
}

async function checkThatThereIsData(disk: Disk): Promise<void> {
  const names = await disk.list().catch((error: unknown) => {
    const isMissing = codeOf(error) === 'ENOENT';
    const reason = isMissing ? 'there is no such directory' : 'it cannot be read';
    throw new StorageError(
      'DATA_DIR_UNUSABLE',
      `${disk.path}: ${reason} (--data-dir names another one)`,
      error,
    );
  });
  if (names.some((name) => STREAMS.some((stream) => segmentNumberOf(stream, name) !== undefined))) return;
  throw new StorageError(
    'DATA_DIR_UNUSABLE',
    `${disk.path} holds no data of a broker: no files main-*.log or cold-*.log (--data-dir names another directory)`,
  );
}

/** What another version wrote must not be taken for damage, and thrown away. */
async function checkVersions(disk: Disk): Promise<void> {
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
  for (const name of await disk.list()) {
    if (!STREAMS.some((stream) => segmentNumberOf(stream, name) !== undefined)) continue;
    const file = await disk.open(name);
    try {
      const readBytes = await file.read(bytes, 0);
      const reading = decodeSegmentHeader(bytes.subarray(0, readBytes));
      if (reading.kind === 'other-version') throw otherVersion(disk.path, name, reading.version);
    } finally {
      await file.close();
    }
  }
}
