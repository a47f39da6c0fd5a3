import type { Random } from '../../src/core/environment.ts';
import type { CrashPoint } from './crash-point.ts';

/**
 * Choices for the units of `point`: all of them when there are `countMax` at most; otherwise those that mistakes are known
 * to hide in, and then random ones, all different. The same seed gives the same choices in the same order.
 */
export function* crashChoices(point: CrashPoint, countMax: number, random: Random): Generator<number[]> {
  if (point.stateCount <= countMax) {
    yield* allChoices(point.radices);
    return;
  }
  const seen = new Set<string>();
  for (const choice of someChoices(point, random, countMax * TRIES_PER_CHOICE)) {
    const key = choice.join(',');
    if (seen.has(key)) continue;
    seen.add(key);
    yield choice;
    if (seen.size === countMax) return;
  }
}

/** Random choices repeat themselves when there are few more than are wanted. */
const TRIES_PER_CHOICE = 4;

function* allChoices(radices: readonly number[]): Generator<number[]> {
  const choice = radices.map(() => 0);
  for (;;) {
    yield [...choice];
    let unit = 0;
    while (unit < radices.length && choice[unit] === (radices[unit] as number) - 1) choice[unit++] = 0;
    if (unit === radices.length) return;
    choice[unit] = (choice[unit] as number) + 1;
  }
}

function* someChoices(point: CrashPoint, random: Random, tries: number): Generator<number[]> {
  const { radices } = point;
  const newest = radices.map((radix) => radix - 1);
  yield newest;
  yield radices.map(() => 0);
  // One thing is missing.
  for (const unit of radices.keys()) yield newest.with(unit, 0);
  yield* tornChoices(point);
  for (let count = 0; count < tries; count++) yield randomChoice(radices, random);
}

/** In the order of the writes up to some sector, with the sizes as they are meanwhile: old or new. */
function* tornChoices({ radices, isSize }: CrashPoint): Generator<number[]> {
  for (const upTo of radices.keys()) {
    for (const sizesAreNew of [true, false]) {
      yield radices.map((radix, unit) => {
        const isNew = isSize[unit] === true ? sizesAreNew : unit < upTo;
        return isNew ? radix - 1 : 0;
      });
    }
  }
}

/** Some states have nearly everything, some nearly nothing. */
function randomChoice(radices: readonly number[], random: Random): number[] {
  const newShare = [32, 128, 224][random.uint32() % 3] as number;
  return radices.map((radix) => {
    if (radix > 2 && random.uint32() % 4 === 0) return random.uint32() % radix;
    return (random.uint32() & 255) < newShare ? radix - 1 : 0;
  });
}
