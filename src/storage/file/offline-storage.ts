import type { Disk } from './disk.ts';
import { type FileStream, segmentNumberOf } from './segment-header.ts';
import { codeOf, diskFailed, StorageError } from './storage-error.ts';

export const STREAMS: readonly FileStream[] = ['main', 'cold'];

/**
 * Runs `work` on a data directory that no broker uses meanwhile.
 *
 * @throws StorageError DATA_DIR_IN_USE; DATA_DIR_UNUSABLE when there is no such directory, or nothing of a broker in it.
 */
export async function withStorage<T>(disk: Disk, work: () => Promise<T>): Promise<T> {
  await checkThatThereIsData(disk);
  const lock = await disk.lock();
  try {
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
