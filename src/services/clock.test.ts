import { expect, test } from 'vitest';
import { type Clock, pause, type Timer } from './clock.ts';

/** Timers that a test ends. */
class HandClock implements Clock {
  readonly timers = new Set<() => void>();

  nowMs(): number {
    return 0;
  }

  setTimer(_delayMs: number, run: () => void): Timer {
    this.timers.add(run);
    return { cancel: () => this.timers.delete(run) };
  }

  end(): void {
    for (const run of this.timers) run();
    this.timers.clear();
  }
}

test('a pause ends with its timer', async () => {
  const clock = new HandClock();
  const paused = pause(clock, 5);
  clock.end();
  await expect(paused).resolves.toBeUndefined();
});

test('a signal ends a pause, and its timer', async () => {
  const clock = new HandClock();
  const abort = new AbortController();
  const paused = pause(clock, 5, abort.signal);
  abort.abort(new Error('enough'));
  await expect(paused).rejects.toThrow('enough');
  expect(clock.timers.size).toBe(0);
});

test('a signal that aborted before lets no pause begin', async () => {
  const clock = new HandClock();
  await expect(pause(clock, 5, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
  expect(clock.timers.size).toBe(0);
});

test('a signal that aborts after the pause does nothing', async () => {
  const clock = new HandClock();
  const abort = new AbortController();
  const paused = pause(clock, 5, abort.signal);
  clock.end();
  abort.abort();
  await expect(paused).resolves.toBeUndefined();
});
