import type { JsonValue } from './field-json.ts';
import type { SlicedWork } from './work-slices.ts';

/** What the built-in sort takes in one go: a fraction of a millisecond. */
const RUN = 256;
/** Steps of merging between two looks at the clock: about 10 us. */
const STEPS_PER_LOOK = 64;

/** What an item is sorted by, the first key first. */
export interface Keyed<T> {
  readonly keys: readonly JsonValue[];
  readonly item: T;
}

/** Sorts in place, stably, and lets the event loop run meanwhile: short runs first, which are then merged. */
export async function sortInSlices<T>(entries: Keyed<T>[], work: SlicedWork): Promise<Keyed<T>[]> {
  let from = entries;
  for (let start = 0; start < from.length; start += RUN) {
    if (work.isDue) await work.pause();
    const run = from.slice(start, start + RUN).sort(compareKeyed);
    for (let index = 0; index < run.length; index++) from[start + index] = run[index] as Keyed<T>;
  }
  let to = new Array<Keyed<T>>(from.length);
  for (let length = RUN; length < from.length; length *= 2) {
    for (let start = 0; start < from.length; start += 2 * length) {
      await merge(from, to, start, length, work);
    }
    [from, to] = [to, from];
  }
  return from;
}

/** Merges the two runs of `length` at `start`, of which the second may be short or missing. */
async function merge<T>(
  from: readonly Keyed<T>[],
  to: Keyed<T>[],
  start: number,
  length: number,
  work: SlicedWork,
): Promise<void> {
  const middle = Math.min(start + length, from.length);
  const end = Math.min(start + 2 * length, from.length);
  let left = start;
  let right = middle;
  for (let at = start; at < end; at++) {
    if (at % STEPS_PER_LOOK === 0 && work.isDue) await work.pause();
    const takesLeft =
      right >= end || (left < middle && compareKeyed(from[left] as Keyed<T>, from[right] as Keyed<T>) <= 0);
    to[at] = from[takesLeft ? left++ : right++] as Keyed<T>;
  }
}

function compareKeyed(a: Keyed<unknown>, b: Keyed<unknown>): number {
  for (let index = 0; index < a.keys.length; index++) {
    const order = compareValues(a.keys[index] ?? 0, b.keys[index] ?? 0);
    if (order !== 0) return order;
  }
  return 0;
}

/** In the order of Erlang's terms: numbers, then what is no text, then texts. */
export function compareValues(a: JsonValue, b: JsonValue): number {
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : Number(a > b);
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const order = rank(a) - rank(b);
  return order !== 0 || typeof a === 'object' || typeof b === 'object' ? order : Number(a) - Number(b);
}

function rank(value: JsonValue): number {
  switch (typeof value) {
    case 'number':
      return 0;
    case 'boolean':
      return 1;
    case 'object':
      return value === null ? 1 : 2;
    default:
      return 3;
  }
}
