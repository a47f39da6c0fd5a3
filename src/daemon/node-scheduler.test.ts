import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { NodeScheduler } from './node-scheduler.ts';

let turnCount: number;
let scheduler: NodeScheduler;

beforeEach(() => {
  vi.useFakeTimers();
  turnCount = 0;
  scheduler = new NodeScheduler(() => turnCount++);
});

afterEach(() => {
  scheduler.stop();
  vi.useRealTimers();
});

describe('node scheduler', () => {
  test('runs one turn, however often it was asked for', () => {
    for (let i = 0; i < 3; i++) scheduler.requestTurn();
    expect(turnCount).toBe(0);
    vi.runAllTimers();
    expect(turnCount).toBe(1);
  });

  test('runs a turn again when a turn asks for it', () => {
    const again = new NodeScheduler(() => {
      if (++turnCount < 3) again.requestTurn();
    });
    again.requestTurn();
    vi.runAllTimers();
    expect(turnCount).toBe(3);
  });

  test('a pending turn can be run at once, and then does not run again', () => {
    scheduler.runPendingTurn();
    expect(turnCount).toBe(0);
    scheduler.requestTurn();
    scheduler.runPendingTurn();
    expect(turnCount).toBe(1);
    vi.runAllTimers();
    expect(turnCount).toBe(1);
  });

  test('runs a turn at the wanted time, once', () => {
    scheduler.requestTurnAt(performance.now() + 1000);
    vi.advanceTimersByTime(999);
    expect(turnCount).toBe(0);
    vi.advanceTimersByTime(1);
    expect(turnCount).toBe(1);
    vi.advanceTimersByTime(5000);
    expect(turnCount).toBe(1);
  });

  test('an earlier time replaces a later one', () => {
    const startMs = performance.now();
    scheduler.requestTurnAt(startMs + 1000);
    scheduler.requestTurnAt(startMs + 10);
    vi.advanceTimersByTime(10);
    expect(turnCount).toBe(1);
    vi.advanceTimersByTime(5000);
    expect(turnCount).toBe(1);
  });

  test('a later time replaces an earlier one', () => {
    const startMs = performance.now();
    scheduler.requestTurnAt(startMs + 10);
    scheduler.requestTurnAt(startMs + 1000);
    vi.advanceTimersByTime(999);
    expect(turnCount).toBe(0);
    vi.advanceTimersByTime(1);
    expect(turnCount).toBe(1);
  });

  test('infinity withdraws the wish', () => {
    scheduler.requestTurnAt(performance.now() + 10);
    scheduler.requestTurnAt(Number.POSITIVE_INFINITY);
    vi.advanceTimersByTime(10_000);
    expect(turnCount).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('waits longer than one timer of Node can', () => {
    const month = 30 * 24 * 3600 * 1000;
    scheduler.requestTurnAt(performance.now() + month);
    vi.advanceTimersByTime(month - 1);
    expect(turnCount).toBe(0);
    vi.advanceTimersByTime(1);
    expect(turnCount).toBe(1);
  });

  test('a time in the past means soon', () => {
    scheduler.requestTurnAt(performance.now() - 5);
    vi.advanceTimersByTime(1);
    expect(turnCount).toBe(1);
  });

  test('after stop nothing runs', () => {
    scheduler.requestTurn();
    scheduler.requestTurnAt(performance.now() + 10);
    scheduler.stop();
    scheduler.runPendingTurn();
    scheduler.requestTurn();
    scheduler.requestTurnAt(performance.now() + 5);
    vi.advanceTimersByTime(1000);
    expect(turnCount).toBe(0);
  });
});
