import { inspectStorage, type StreamInspection } from '../storage/file/inspect-storage.ts';
import { NodeDisk } from '../storage/file/node-disk.ts';
import { type Salvage, salvage } from '../storage/file/salvage.ts';
import { type StorageVerification, verifyStorage } from '../storage/file/verify-storage.ts';

/** What the command line offers for a data directory that no broker uses. All of them throw a StorageError otherwise. */

export type { Salvage, StorageVerification, StreamInspection };

/** What is in it, file by file. */
export function inspectDataDir(path: string): Promise<readonly StreamInspection[]> {
  return inspectStorage(new NodeDisk(path));
}

/** Whether all of it is as it was written. */
export function verifyDataDir(path: string): Promise<StorageVerification> {
  return verifyStorage(new NodeDisk(path));
}

/** Makes it usable again; or, with `dryRun`, only says what would be done. */
export function salvageDataDir(path: string, options: { readonly dryRun: boolean }): Promise<Salvage> {
  return salvage(new NodeDisk(path), options);
}
