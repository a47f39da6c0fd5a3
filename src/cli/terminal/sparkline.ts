const BARS = '▁▂▃▄▅▆▇█';

/** The course of some values, oldest first, as bars as high as their share of the largest; the lowest bar is next to nothing. */
export function sparkline(values: readonly number[]): string {
  const largest = Math.max(0, ...values);
  return values.map((value) => BARS[barOf(value, largest)]).join('');
}

function barOf(value: number, largest: number): number {
  if (largest <= 0) return 0;
  return Math.min(BARS.length - 1, Math.floor((value / largest) * BARS.length));
}
