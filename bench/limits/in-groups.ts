/** Runs `task` for 0 to `count` - 1, at most `atOnceMax` of them at the same time. The results are in order. */
export async function inGroups<T>(
  count: number,
  atOnceMax: number,
  task: (index: number) => Promise<T>,
): Promise<T[]> {
  const results: T[] = [];
  for (let first = 0; first < count; first += atOnceMax) {
    const length = Math.min(atOnceMax, count - first);
    results.push(...(await Promise.all(Array.from({ length }, (_, index) => task(first + index)))));
  }
  return results;
}
