import { expect, test } from 'vitest';
import { VirtualScheduler } from './virtual-scheduler.ts';

const macrotask = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('turns that are asked for many times run once, and not before the caller is done', async () => {
  let turns = 0;
  const scheduler = new VirtualScheduler(() => {
    turns += 1;
  });
  scheduler.requestTurn();
  scheduler.requestTurn();
  expect([turns, scheduler.turnIsDue]).toEqual([0, true]);
  await macrotask();
  expect([turns, scheduler.turnIsDue, scheduler.turnCount]).toEqual([1, false, 1]);
});

test('a deadline runs nothing by itself, and is replaced by the next', async () => {
  let turns = 0;
  const scheduler = new VirtualScheduler(() => {
    turns += 1;
  });
  scheduler.requestTurnAt(5);
  scheduler.requestTurnAt(9);
  await macrotask();
  expect([turns, scheduler.deadlineMs]).toEqual([0, 9]);
  scheduler.runDeadline();
  expect([turns, scheduler.deadlineMs]).toEqual([1, Number.POSITIVE_INFINITY]);
});

test('a deadline that the turn asks for again stays', () => {
  const scheduler: VirtualScheduler = new VirtualScheduler(() => scheduler.requestTurnAt(20));
  scheduler.requestTurnAt(10);
  scheduler.runDeadline();
  expect(scheduler.deadlineMs).toBe(20);
});

test('a stopped scheduler runs nothing any more', async () => {
  let turns = 0;
  const scheduler = new VirtualScheduler(() => {
    turns += 1;
  });
  scheduler.requestTurn();
  scheduler.stop();
  scheduler.requestTurn();
  scheduler.runTurn();
  await macrotask();
  expect([turns, scheduler.turnIsDue]).toEqual([0, false]);
});
