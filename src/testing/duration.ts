const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

/** Milliseconds, or a text like `250ms`, `10s`, `10m`, `1.5h` or `1d`. */
export type Duration = number | string;

/** Throws `RangeError` when `duration` is no length of time. */
export function durationMs(duration: Duration): number {
  const ms = typeof duration === 'number' ? duration : parsedMs(duration);
  if (ms === undefined || !Number.isFinite(ms) || ms < 0) {
    throw new RangeError(
      `'${duration}' is not a duration; allowed: milliseconds of 0 or more, or a text like 250ms, 10s, 10m, 2h or 1d`,
    );
  }
  return ms;
}

function parsedMs(text: string): number | undefined {
  const match = /^(\d{1,12}(?:\.\d{1,6})?) ?(ms|s|m|h|d)$/.exec(text);
  const unitMs = UNIT_MS.get(match?.[2] ?? '');
  return match === null || unitMs === undefined ? undefined : Number(match[1]) * unitMs;
}
