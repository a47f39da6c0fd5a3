/** What axes of charts are divided by. */

/** How far the marks of an axis may be apart: any round number, only whole ones, or times that read well. */
export type ChartSteps = 'number' | 'whole' | 'duration';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** 1, 2 and 5 times the powers of ten from `from` up to `below`. */
function roundNumbers(from: number, below: number): number[] {
  const all: number[] = [];
  for (let power = from; power < below; power++)
    for (const digit of [1, 2, 5]) all.push(Number(`${digit}e${power}`));
  return all;
}

const STEPS: Readonly<Record<ChartSteps, readonly number[]>> = {
  number: roundNumbers(-3, 15),
  whole: roundNumbers(0, 15),
  // of milliseconds
  duration: [
    ...roundNumbers(-3, 3),
    ...[1, 2, 5, 10, 20, 30].map((each) => each * SECOND_MS),
    ...[1, 2, 5, 10, 20, 30].map((each) => each * MINUTE_MS),
    ...[1, 2, 4, 6, 12].map((each) => each * HOUR_MS),
    ...roundNumbers(0, 6).map((each) => each * DAY_MS),
  ],
};

/** Of a time axis, in seconds. */
export const TIME_STEPS: readonly number[] = [
  ...[1, 5, 10, 15, 30],
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * 60),
  ...[1, 2, 3, 6, 12].map((hours) => hours * 3600),
  ...[1, 2, 7, 28].map((days) => days * 86_400),
];

export function stepsOf(steps: ChartSteps): number[] {
  return [...STEPS[steps]];
}

/** Points that no line leads to: they would not be seen without a dot. */
export function lonelyPoints(values: ArrayLike<number | null | undefined>): number[] {
  const isKnown = (at: number): boolean => values[at] !== null && values[at] !== undefined;
  const lonely: number[] = [];
  for (let at = 0; at < values.length; at++)
    if (isKnown(at) && !isKnown(at - 1) && !isKnown(at + 1)) lonely.push(at);
  return lonely;
}

/** What a legend says of a curve: its end, or what was just before when the last step is not over. */
export function newestOf(values: readonly (number | null)[]): number | null {
  return values.at(-1) ?? values.at(-2) ?? null;
}
