import { StorageError } from '../file/storage-error.ts';

/** Codes of the errors of JetStream, as its documentation numbers them. */
export const STREAM_NOT_FOUND = 10_059;
/** Both say that the last entry is another one. The second one knows not which, because others are on their way. */
const WRONG_LAST_SEQUENCE: readonly number[] = [10_071, 10_164];

/** The number of an error that JetStream answered with. */
export function codeOfAnswer(error: unknown): number | undefined {
  // Without its class, which is in a package that only who connects has loaded. The codes of other errors are texts, or those of HTTP.
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'number') return undefined;
  return error.code >= 10_000 ? error.code : undefined;
}

/** Whether a compare and set, or a compare and append, was refused because somebody else was first. */
export function saysSomebodyWasFirst(error: unknown): boolean {
  const code = codeOfAnswer(error);
  return code !== undefined && WRONG_LAST_SEQUENCE.includes(code);
}

export function streamMissing(stream: string): StorageError {
  return new StorageError(
    'NATS_UNSAFE',
    `there is no stream ${stream}: \`leveret cluster init\` makes what a cluster needs, or another --cluster-name is meant`,
  );
}
