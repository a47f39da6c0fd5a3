import { Timeout } from './client-failures.ts';

/** How long somebody waits. */
export interface Patience {
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Calls `give` once with the reason when the time is over or the signal aborts, whichever comes first. What is returned ends the
 * waiting. `what` begins the message of the `Timeout`: "message 'a' was not confirmed".
 */
export function onceImpatient(
  { timeoutMs, signal }: Patience,
  what: () => string,
  give: (reason: Error) => void,
): () => void {
  if (timeoutMs === undefined && signal === undefined) return nothing;
  const end = (): void => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  };
  const abort = (): void => {
    end();
    give(signal?.reason);
  };
  const timer =
    timeoutMs === undefined || timeoutMs === Number.POSITIVE_INFINITY
      ? undefined
      : setTimeout(() => {
          end();
          give(new Timeout(what(), timeoutMs));
        }, timeoutMs);
  signal?.addEventListener('abort', abort, { once: true });
  return end;
}

/** Settles as the promise does, or rejects when the patience is over. */
export function boundedWait<T>(promise: Promise<T>, patience: Patience, what: () => string): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    patience.signal?.throwIfAborted();
    const ended = onceImpatient(patience, what, reject);
    promise.then(resolve, reject).finally(ended);
  });
}

function nothing(): void {}
