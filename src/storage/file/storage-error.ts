/** What went wrong with the data directory, or with the replicated store. docs/errors.md lists the codes with what to do. */
export type StorageErrorCode =
  | 'DATA_DAMAGED'
  | 'DATA_DIR_IN_USE'
  | 'DATA_DIR_UNUSABLE'
  | 'DATA_FORMAT'
  | 'DISK_FAILED'
  /** Nobody answers, or refuses the log-in. */
  | 'NATS_UNREACHABLE'
  /** The servers, the streams or the bucket are not as they must be. */
  | 'NATS_UNSAFE'
  /** Another node owns the log, or may. */
  | 'OWNERSHIP_LOST';

export class StorageError extends Error {
  override readonly name = 'StorageError';
  readonly code: StorageErrorCode;

  constructor(code: StorageErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** `path`: the data directory. `loss`: what cannot be read, as a sentence without its full stop. */
export function dataDamaged(path: string, loss: string): StorageError {
  return new StorageError(
    'DATA_DAMAGED',
    `the data in ${path} is damaged: ${loss}. This was left as it is. ` +
      `\`leveret recover --data-dir ${path} --dry-run\` lists what can be saved; without --dry-run it is saved, ` +
      'and what is replaced goes to the folder quarantine',
  );
}

export function diskFailed(path: string, what: string, cause: unknown): StorageError {
  return new StorageError('DISK_FAILED', `the disk under ${path} failed: ${what}: ${textOf(cause)}`, cause);
}

/** Whether `error` says that there is no room: on the disk, or in the user's quota. */
export function isFull(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'ENOSPC' || code === 'EDQUOT';
}

/** The code of a system error, as Node gives it. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** `name` was written by another version of Leveret. */
export function otherVersion(path: string, name: string, version: number): StorageError {
  return new StorageError(
    'DATA_FORMAT',
    `${path}: ${name} has format version ${version}, and this Leveret reads version 1: start the version that wrote it, ` +
      'or choose another --data-dir',
  );
}
