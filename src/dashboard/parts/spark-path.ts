/** Room for the stroke above and below. */
const MARGIN = 2;

/** A line from 0 at the bottom to the highest value at the top, with gaps where values are null. */
export function sparkPath(values: readonly (number | null)[], width: number, height: number): string {
  const highest = values.reduce<number>((most, value) => Math.max(most, value ?? 0), 0);
  const step = width / Math.max(1, values.length - 1);
  let path = '';
  let isDrawing = false;
  for (const [at, value] of values.entries()) {
    if (value !== null) {
      const share = highest > 0 ? value / highest : 0;
      const y = height - MARGIN - share * (height - 2 * MARGIN);
      path += `${isDrawing ? 'L' : 'M'}${(at * step).toFixed(1)} ${y.toFixed(1)}`;
    }
    isDrawing = value !== null;
  }
  return path;
}
