import { pause, systemClock } from '../clock.ts';
import { StoreError } from './store-error.ts';

/** How long it waits for another process that writes into the same file. */
const BUSY_MS_MAX = 30_000;
const PAUSE_MS_MAX = 20;

/**
 * Tries again while another process holds the file. SQLite's own way to wait, the busy timeout, stops the event loop, and with
 * it whoever holds the file in the same process.
 */
export async function whenFree<T>(path: string, attempt: () => T): Promise<T> {
  const untilMs = performance.now() + BUSY_MS_MAX;
  for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, PAUSE_MS_MAX)) {
    try {
      return attempt();
    } catch (error) {
      if (!isBusy(error)) throw error;
      if (performance.now() > untilMs) throw busyTooLong(path, error);
    }
    await pause(systemClock, pauseMs * (0.5 + Math.random()));
  }
}

export function isBusy(error: unknown): boolean {
  const code = (error as { readonly code?: unknown } | undefined)?.code;
  return typeof code === 'string' && code.startsWith('SQLITE_BUSY');
}

function busyTooLong(path: string, cause: unknown): StoreError {
  return new StoreError(
    'DATABASE_BUSY',
    `another process has been writing into ${path} for ${BUSY_MS_MAX / 1000} s; let its transactions be short, or end it`,
    { cause },
  );
}
