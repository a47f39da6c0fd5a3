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
  reach.becomeDurable();
  expect(reach.durable).toBe(cursor + REACH_STEP);
  expect(reach.isShort(REACH_STEP - 1)).toBe(false);
  expect(reach.isShort(REACH_STEP)).toBe(true);
});

test('a lane that waited for the disk takes larger steps, up to a bound', () => {
  const reach = new Reach();
  const steps: number[] = [];
  reach.advance(REACH_STEP);
  reach.becomeDurable();
  for (let count = 0; count < 6; count++) {
    const cursor = reach.durable;
    steps.push(reach.advance(cursor) - cursor);
    reach.becomeDurable();
  }
  expect(steps).toEqual([2, 4, 8, 16, 16, 16].map((times) => times * REACH_STEP));
});

test('what an earlier run recorded counts as it is, and does not make the first step larger', () => {
  const reach = new Reach();
  reach.set(5);
  expect([reach.durable, reach.recorded]).toEqual([5, 5]);
  expect(reach.isShort(5)).toBe(true);
  expect(reach.advance(5)).toBe(5 + REACH_STEP);
});
