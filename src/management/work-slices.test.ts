import { expect, test } from 'vitest';
import { SlicedWork } from './work-slices.ts';

test('a round of the event loop has one slice, however many works are under way', async () => {
  let done = false;
  let rounds = 0;
  const round = (): void => {
    rounds++;
    if (!done) setImmediate(round);
  };
  setImmediate(round);
  const slices: number[] = [];
  const work = async (): Promise<void> => {
    const sliced = await SlicedWork.begin();
    for (let slice = 0; slice < 5; slice++) {
      await sliced.pause();
      slices.push(rounds);
    }
  };
  await Promise.all([work(), work(), work(), work()]);
  done = true;
  expect(new Set(slices).size).toBe(20);
});

test('a slice is over after 4 ms', async () => {
  const work = await SlicedWork.begin();
  const startMs = performance.now();
  while (!work.isDue);
  expect(performance.now() - startMs).toBeGreaterThan(3);
});

test('works take turns', async () => {
  const order: string[] = [];
  const one = async (name: string): Promise<void> => {
    const slices = await SlicedWork.begin();
    for (let slice = 0; slice < 3; slice++) {
      order.push(name);
      await slices.pause();
    }
  };
  await Promise.all([one('a'), one('b')]);
  expect(order.join('')).toBe('ababab');
});
