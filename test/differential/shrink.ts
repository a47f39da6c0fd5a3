/**
 * Makes a failing sequence shorter (delta debugging): drops ever smaller pieces of it as long as it still fails.
 * `fails` is asked at most `attemptsMax` times.
 */
export async function shrink<T>(
  sequence: readonly T[],
  fails: (shorter: readonly T[]) => Promise<boolean>,
  attemptsMax: number,
): Promise<readonly T[]> {
  let shortest = sequence;
  let attempts = 0;
  for (let size = Math.ceil(shortest.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let start = 0; start < shortest.length && attempts < attemptsMax; ) {
      const shorter = [...shortest.slice(0, start), ...shortest.slice(start + size)];
      attempts += 1;
      if (shorter.length > 0 && (await fails(shorter))) shortest = shorter;
      else start += size;
    }
  }
  return shortest;
}
