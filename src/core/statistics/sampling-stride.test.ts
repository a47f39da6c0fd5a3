import { expect, test } from 'vitest';
import { SamplingStride } from './sampling-stride.ts';

/** Runs `count` messages past a stride; returns how many were measured, and how many they stand for. */
function run(stride: SamplingStride, count: number): { measured: number; represented: number } {
  let measured = 0;
  let represented = 0;
  let until = stride.gap();
  for (let message = 0; message < count; message++) {
    if (--until > 0) continue;
    measured++;
    represented += stride.weight;
    until = stride.next();
  }
  return { measured, represented };
}

test('few messages are all measured', () => {
  expect(run(new SamplingStride(), 400)).toEqual({ measured: 400, represented: 400 });
});

test('many messages are stood for by few', () => {
  const { measured, represented } = run(new SamplingStride(), 5_000_000);
  expect(measured).toBeLessThan(10_000);
  expect(represented / 5_000_000).toBeCloseTo(1, 1);
});

test('the next interval begins with what the last one needed, and goes back when there is less', () => {
  const stride = new SamplingStride();
  run(stride, 1_000_000);
  stride.adapt();
  const { weight } = stride;
  expect(weight).toBeGreaterThan(500);
  const { measured } = run(stride, 1_000_000);
  expect(measured).toBeLessThan(1600);
  stride.adapt();
  expect(stride.adapt()).toBe(true);
  expect(stride.weight).toBe(1);
});

test('a message in each place of a pattern is measured as often', () => {
  const stride = new SamplingStride();
  const places = new Array<number>(8).fill(0);
  let until = 1;
  for (let message = 0; message < 4_000_000; message++) {
    if (--until > 0) continue;
    const place = message % 8;
    places[place] = (places[place] as number) + stride.weight;
    until = stride.next();
    // As often as an interval ends.
    if (message % 50_000 < stride.weight) stride.adapt();
  }
  for (const share of places) expect(share / 500_000).toBeCloseTo(1, 0);
});
