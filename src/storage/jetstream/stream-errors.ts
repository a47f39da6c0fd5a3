import { StorageError } from '../file/storage-error.ts';

/** `loss`: what is missing or has changed, as a sentence without its full stop. */
export function streamDamaged(name: string, loss: string): StorageError {
  return new StorageError(
    'DATA_DAMAGED',
    `${name} is damaged: ${loss}. Nothing was removed. Look at who changed it, and put back a backup of both streams ` +
      'of the cluster, taken at the same time',
  );
}

/** `fact`: how that is known, as a sentence without its full stop. */
export function ownershipLost(name: string, fact: string): StorageError {
  return new StorageError(
    'OWNERSHIP_LOST',
    `${name} is not this node's any more: ${fact}. Nothing is confirmed from here on: clients find what was confirmed on the ` +
      'node that owns the log now',
  );
}

export function otherEntryVersion(name: string, sequence: number, version: number): StorageError {
  return new StorageError(
    'DATA_FORMAT',
    `${name}: entry ${sequence} has format version ${version}, and this Leveret reads version 1: start the version that ` +
      'wrote it, or choose another --cluster-name',
  );
}
