import { expect, test } from 'vitest';
import { VirtualTimers } from './virtual-timers.ts';

/** Timers whose clock the test sets. */
function timersAt(startMs: number): { readonly timers: VirtualTimers; moveTo(ms: number): void } {
  let nowMs = startMs;
  const moveTo = (ms: number): void => {
    nowMs = ms;
  };
  return { timers: new VirtualTimers(() => nowMs), moveTo };
}

test('timers run in the order of their time, and those of one time in the order in which they were set', () => {
  const { timers, moveTo } = timersAt(1_000);
  const ran: string[] = [];
  for (const [name, delayMs] of [
    ['late', 30],
    ['first', 10],
    ['second', 10],
    ['now', 0],
    ['past', -5],
  ] as const) {
    timers.setTimer(delayMs, () => ran.push(name));
  }
  expect(timers.nextMs).toBe(1_000);
  moveTo(1_010);
  while (timers.runNext());
  expect(ran).toEqual(['now', 'past', 'first', 'second']);
  expect(timers.nextMs).toBe(1_030);
});

test('nothing runs before its time', () => {
  const { timers, moveTo } = timersAt(0);
  timers.setTimer(10, () => expect.unreachable());
  moveTo(9.999);
  expect(timers.runNext()).toBe(false);
});

test('a cancelled timer is gone, and cancelling again or too late is harmless', () => {
  const { timers, moveTo } = timersAt(0);
  const ran: number[] = [];
  const set = Array.from({ length: 100 }, (_, index) =>
    timers.setTimer((index * 7) % 100, () => ran.push((index * 7) % 100)),
  );
  for (const [index, timer] of set.entries()) if (index % 2 === 0) timer.cancel();
  set[0]?.cancel();
  moveTo(100);
  while (timers.runNext());
  for (const timer of set) timer.cancel();
  expect(ran).toEqual([...ran].sort((one, other) => one - other));
  expect(ran).toHaveLength(50);
  expect(timers.nextMs).toBe(Number.POSITIVE_INFINITY);
});

test('a timer that sets another at the same time is followed by it', () => {
  const { timers } = timersAt(5);
  const ran: string[] = [];
  timers.setTimer(0, () => {
    ran.push('outer');
    timers.setTimer(0, () => ran.push('inner'));
  });
  while (timers.runNext());
  expect(ran).toEqual(['outer', 'inner']);
});
