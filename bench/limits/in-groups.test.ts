import { expect, test } from 'vitest';
import { inGroups } from './in-groups.ts';

test('every index has its turn, results are in order, and no more than allowed run at once', async () => {
  let running = 0;
  let most = 0;
  const results = await inGroups(7, 3, async (index) => {
    running += 1;
    most = Math.max(most, running);
    await Promise.resolve();
    running -= 1;
    return index * 10;
  });
  expect(results).toEqual([0, 10, 20, 30, 40, 50, 60]);
  expect(most).toBe(3);
});

test('a task that fails fails them all', async () => {
  await expect(inGroups(4, 2, (index) => Promise.reject(new Error(`task ${index}`)))).rejects.toThrow(
    'task 0',
  );
});
