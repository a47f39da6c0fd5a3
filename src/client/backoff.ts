/** How long to wait between attempts to connect again. */
export interface BackoffOptions {
  /** The longest wait before the first attempt. 100 ms unless given. */
  readonly minDelayMs?: number;
  /** The longest wait before any attempt. 30 000 ms unless given. */
  readonly maxDelayMs?: number;
}

/** 2^30 times any delay is more than a timer takes. */
const DOUBLINGS_MAX = 30;

/**
 * Exponential backoff with full jitter: before attempt n, any time from 0 to `minDelayMs * 2^(n-1)`, and `maxDelayMs` at most. A
 * thousand clients that lost their broker at the same moment come back spread over that time.
 */
export function backoffMs(attempt: number, options: BackoffOptions, random: () => number): number {
  const { minDelayMs = 100, maxDelayMs = 30_000 } = options;
  const longestMs = Math.min(maxDelayMs, minDelayMs * 2 ** Math.min(attempt - 1, DOUBLINGS_MAX));
  return Math.round(random() * longestMs);
}
