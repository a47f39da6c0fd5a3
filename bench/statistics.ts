/** The middle value; the mean of the two in the middle when their number is even. Throws for no values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  if (upper === undefined || lower === undefined) {
    throw new RangeError('a median needs at least one value, found none');
  }
  return (lower + upper) / 2;
}

/** How many times `reference` goes into `value`; undefined when there is nothing to compare with. */
export function ratio(value: number | undefined, reference: number | undefined): number | undefined {
  return value === undefined || reference === undefined || reference === 0 ? undefined : value / reference;
}
