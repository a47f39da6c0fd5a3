/** Whole numbers are numbers, as long as they are exact. */
export function numberWhenSafe(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
