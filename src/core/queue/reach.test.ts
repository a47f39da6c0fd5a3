import { expect, test } from 'vitest';
import { REACH_STEP, Reach } from './reach.ts';

test('a lane that saw few messages needs no record', () => {
  const reach = new Reach();
  expect(reach.durable).toBe(REACH_STEP);
  expect(reach.isShort(REACH_STEP / 2 - 1)).toBe(false);
  expect(reach.recorded).toBeUndefined();
});

test('a step is recorded when half of the last one is left, and counts when it is durable', () => {
  const reach = new Reach();
  const cursor = REACH_STEP / 2;
  expect(reach.isShort(cursor)).toBe(true);
  expect(reach.advance(cursor)).toBe(cursor + REACH_STEP);
  expect(reach.recorded).toBe(cursor + REACH_STEP);
  expect(reach.durable).toBe(REACH_STEP);
  expect(reach.isShort(REACH_STEP)).toBe(false);
  reach.becomeDurable(REACH_STEP);
  expect(reach.durable).toBe(cursor + REACH_STEP);
  expect(reach.isShort(REACH_STEP - 1)).toBe(false);
  expect(reach.isShort(REACH_STEP)).toBe(true);
});

/** Makes a lane wait for the disk `count` times. Returns the size of each step. */
function waitForDisk(reach: Reach, count: number): number[] {
  const steps: number[] = [];
  reach.advance(REACH_STEP);
  reach.becomeDurable(REACH_STEP);
  while (steps.length < count) {
    const cursor = reach.durable;
    steps.push(reach.advance(cursor) - cursor);
    reach.becomeDurable(cursor);
  }
  return steps;
}

/** Advances when half of the last step is left; the lane gets on by `moved` until that is durable. Returns the step. */
function stepOn(reach: Reach, moved: number): number {
  let cursor = reach.durable - 20 * REACH_STEP;
  while (!reach.isShort(cursor)) cursor++;
  const step = reach.advance(cursor) - cursor;
  reach.becomeDurable(cursor + moved);
  return step;
}

test('a lane that waited for the disk takes larger steps, up to a bound', () => {
  expect(waitForDisk(new Reach(), 6)).toEqual([2, 4, 8, 16, 16, 16].map((times) => times * REACH_STEP));
});

test('steps become smaller again when smaller ones would do', () => {
  const reach = new Reach();
  waitForDisk(reach, 3);
  const steps = Array.from({ length: 5 }, () => stepOn(reach, 1));
  expect(steps).toEqual([8, 4, 2, 1, 1].map((times) => times * REACH_STEP));
});

test('steps stay while half of one would be used up before the next is durable', () => {
  const reach = new Reach();
  waitForDisk(reach, 3);
  const steps = Array.from({ length: 3 }, () => stepOn(reach, 2 * REACH_STEP));
  expect(steps).toEqual([8, 8, 8].map((times) => times * REACH_STEP));
});

test('what an earlier run recorded counts as it is, and does not make the first step larger', () => {
  const reach = new Reach();
  reach.set(5);
  expect([reach.durable, reach.recorded]).toEqual([5, 5]);
  expect(reach.isShort(5)).toBe(true);
  expect(reach.advance(5)).toBe(5 + REACH_STEP);
});
