import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { RepeatedLook } from './repeated-look.ts';

const EVERY_MS = 500;

let looks: number;
let repeated: RepeatedLook;
let answer: () => void;

beforeEach(() => {
  vi.useFakeTimers();
  looks = 0;
  answer = () => undefined;
  repeated = new RepeatedLook(EVERY_MS, async () => {
    looks += 1;
  });
});

afterEach(() => {
  repeated.end();
  vi.useRealTimers();
});

test('it looks at once, and then now and then', async () => {
  expect(looks).toBe(1);
  await vi.advanceTimersByTimeAsync(EVERY_MS - 1);
  expect(looks).toBe(1);
  await vi.advanceTimersByTimeAsync(1 + 2 * EVERY_MS);
  expect(looks).toBe(4);
});

test('it looks several times soon after a hint', async () => {
  await vi.advanceTimersByTimeAsync(100);
  repeated.hint();
  await vi.advanceTimersByTimeAsync(4);
  expect(looks).toBe(2);
  await vi.advanceTimersByTimeAsync(120);
  expect(looks).toBe(4);
  await vi.advanceTimersByTimeAsync(EVERY_MS - 1);
  expect(looks).toBe(4);
  await vi.advanceTimersByTimeAsync(1);
  expect(looks).toBe(5);
});

test('it does not look twice at the same time', async () => {
  repeated.end();
  repeated = new RepeatedLook(EVERY_MS, () => {
    looks += 1;
    return new Promise((resolve) => {
      answer = resolve;
    });
  });
  const before = looks;
  repeated.hint();
  await vi.advanceTimersByTimeAsync(10 * EVERY_MS);
  expect(looks).toBe(before);
  answer();
  await vi.advanceTimersByTimeAsync(4);
  expect(looks).toBe(before + 1);
});

test('it does not look again when it was ended, not even after a hint', async () => {
  repeated.end();
  repeated.hint();
  await vi.advanceTimersByTimeAsync(10 * EVERY_MS);
  expect(looks).toBe(1);
});
