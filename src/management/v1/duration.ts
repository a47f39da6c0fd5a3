const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

/** What a duration may be, for messages and documentation. */
export const DURATION_FORM = "a whole number with a unit, like '250ms', '30s', '10m', '2h' or '1d'";

/** As the `pattern` of a schema. */
export const DURATION_PATTERN = '^[0-9]{1,9}(ms|s|m|h|d)$';

const DURATION = new RegExp(DURATION_PATTERN);

/** The milliseconds of a text like `30s`; undefined when it is no duration. */
export function durationOf(text: string): number | undefined {
  const unit = DURATION.exec(text)?.[1];
  return unit === undefined ? undefined : Number.parseInt(text, 10) * (UNIT_MS.get(unit) ?? 1);
}
