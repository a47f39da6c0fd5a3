import { describe, expect, it } from 'vitest';
import { Deadlines } from '../../../src/services/runtime/deadlines.ts';
import { ManualTime, settled } from '../ordered/manual-time.ts';

describe('deadlines', () => {
  it('reject what is not settled in time, each at its own time', async () => {
    const time = new ManualTime();
    const deadlines = new Deadlines(time.timers, 1_000);
    const ended: string[] = [];
    const begin = (name: string): void => {
      deadlines
        .bounded(new Promise<string>(() => {}), () => new Error(name))
        .catch((reason) => ended.push(reason.message));
    };
    begin('a');
    await time.advance(400);
    begin('b');
    await time.advance(600);
    expect(ended).toEqual(['a']);
    await time.advance(399);
    expect(ended).toEqual(['a']);
    await time.advance(1);
    expect(ended).toEqual(['a', 'b']);
  });

  it('forget what has ended in between, wherever it stands', async () => {
    const time = new ManualTime();
    const deadlines = new Deadlines(time.timers, 1_000);
    const ended: string[] = [];
    const ends = new Map<string, () => void>();
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      const promise = new Promise<void>((resolve) => ends.set(name, resolve));
      deadlines.bounded(promise, () => new Error(name)).catch((reason) => ended.push(reason.message));
    }
    for (const name of ['c', 'a', 'e']) ends.get(name)?.();
    await settled();
    await time.advance(1_000);
    expect(ended).toEqual(['b', 'd']);
  });

  it('settle as the promise does, and begin again after all have ended', async () => {
    const time = new ManualTime();
    const deadlines = new Deadlines(time.timers, 1_000);
    const late = (): Error => new Error('late');
    await expect(deadlines.bounded(Promise.resolve(1), late)).resolves.toBe(1);
    await expect(deadlines.bounded(Promise.reject(new Error('x')), late)).rejects.toThrow('x');
    await time.advance(5_000);
    const hanging = deadlines.bounded(new Promise(() => {}), late);
    const failed = expect(hanging).rejects.toThrow('late');
    await time.advance(1_000);
    await failed;
    await settled();
  });

  it('end all at once when nobody waits any more', async () => {
    const time = new ManualTime();
    const deadlines = new Deadlines(time.timers, 1_000);
    const hanging = [1, 2].map(() => deadlines.bounded(new Promise(() => {}), () => new Error('late')));
    const ended = Promise.allSettled(hanging);
    deadlines.endAll(new Error('stopped'));
    const reasons = (await ended).map((each) => each.status === 'rejected' && each.reason.message);
    expect(reasons).toEqual(['stopped', 'stopped']);
    expect(time.timers.nextMs).toBe(Number.POSITIVE_INFINITY);
  });
});
