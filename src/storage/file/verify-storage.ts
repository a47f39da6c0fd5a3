import type { Disk } from './disk.ts';
import { type StoragePlace, surveyLog } from './log-survey.ts';
import { STREAMS, withStorage } from './offline-storage.ts';
import { isSalvageUnfinished, unfinishedSalvage, wholeStream } from './salvage-mark.ts';

/** What a look at every byte has found. */
export interface StorageVerification {
  readonly fileCount: number;
  readonly bytes: number;
  readonly blockCount: number;
  /** What was durable and is damaged or missing. A broker does not start on it. */
  readonly losses: readonly StoragePlace[];
  /** What is not as it should be, without loss. */
  readonly remarks: readonly StoragePlace[];
}

/**
 * Checks all checksums of a data directory, and that nothing is missing. Changes nothing.
 *
 * @throws StorageError DATA_DIR_IN_USE, DATA_DIR_UNUSABLE, DISK_FAILED
 */
export function verifyStorage(disk: Disk): Promise<StorageVerification> {
  return withStorage(disk, async () => {
    const surveys = [];
    const losses: StoragePlace[] = [];
    for (const stream of STREAMS) {
      if (await isSalvageUnfinished(disk, stream)) {
        losses.push(unfinishedSalvage(stream));
        continue;
      }
      const survey = await surveyLog(disk, stream);
      if (survey !== undefined) surveys.push(survey);
      else losses.push(wholeStream(stream));
    }
    const segments = surveys.flatMap((survey) => survey.segments);
    return {
      fileCount: segments.filter(({ file }) => file !== undefined).length,
      bytes: segments.reduce((sum, { size }) => sum + size, 0),
      blockCount: segments.reduce((sum, { blockCount }) => sum + blockCount, 0),
      losses: [...losses, ...surveys.flatMap((survey) => survey.losses)],
      remarks: surveys.flatMap((survey) => survey.remarks),
    };
  });
}
