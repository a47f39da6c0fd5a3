const UNITS: readonly (readonly [ms: number, name: string])[] = [
  [86_400_000, 'day'],
  [3_600_000, 'hour'],
  [60_000, 'minute'],
  [1000, 'second'],
];

/** A duration as people say it, in the largest unit that it fills: '3 minutes', '250 ms'. */
export function durationText(ms: number): string {
  for (const [unitMs, name] of UNITS) {
    if (ms < unitMs) continue;
    const count = Math.floor(ms / unitMs);
    return `${count} ${name}${count === 1 ? '' : 's'}`;
  }
  return `${Math.max(0, Math.round(ms))} ms`;
}
