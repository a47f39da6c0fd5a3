/** One change of a disk, as it was asked for. Files are numbered: a name may stand for several, one after the other. */
export type DiskOperation = FileOperation | DirectoryOperation | SyncOperation | CloseOperation;

export type FileOperation = WriteOperation | TruncateOperation;

export interface WriteOperation {
  readonly kind: 'write';
  readonly file: number;
  readonly at: number;
  readonly bytes: Uint8Array;
}

export interface TruncateOperation {
  readonly kind: 'truncate';
  readonly file: number;
  readonly bytesLeft: number;
}

export type DirectoryOperation =
  | { readonly kind: 'create'; readonly name: string; readonly file: number }
  | { readonly kind: 'remove'; readonly name: string }
  | { readonly kind: 'rename'; readonly from: string; readonly to: string; readonly file: number };

export type SyncOperation =
  | { readonly kind: 'sync'; readonly file: number }
  | { readonly kind: 'sync-directory' };

export interface CloseOperation {
  readonly kind: 'close';
  readonly file: number;
}

/**
 * What happened to an operation. Between `begun` and `done` it is under way: a crash may find any part of it, and a sync
 * that begins meanwhile need not cover it. `lost`: it never happened, because its process was killed. `failed`: the same; but
 * what a sync that failed was about may have arrived.
 */
export interface DiskEvent {
  readonly phase: 'begun' | 'done' | 'failed' | 'lost';
  readonly operation: DiskOperation;
}

/** The files of a disk that nobody uses, by name. Their bytes never change: a disk that is made of them copies first. */
export type DiskImage = ReadonlyMap<string, Uint8Array>;

/** One operation in a line, for a failure. */
export function operationText(operation: DiskOperation): string {
  switch (operation.kind) {
    case 'write':
      return `write file ${operation.file} [${operation.at}, ${operation.at + operation.bytes.length})`;
    case 'truncate':
      return `truncate file ${operation.file} to ${operation.bytesLeft}`;
    case 'sync':
    case 'close':
      return `${operation.kind} file ${operation.file}`;
    case 'create':
      return `create '${operation.name}' as file ${operation.file}`;
    case 'remove':
      return `remove '${operation.name}'`;
    case 'rename':
      return `rename '${operation.from}' to '${operation.to}'`;
    case 'sync-directory':
      return 'sync the directory';
  }
}
