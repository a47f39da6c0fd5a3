import { expect, it } from 'vitest';
import { HandledCount, orderOf, SENDS_UNDER_WAY, sendAll } from './workload.ts';

it('sends each index once, and keeps a window of sends under way', async () => {
  const sent: number[] = [];
  let [underWay, most] = [0, 0];
  await sendAll(2_500, async (index) => {
    sent.push(index);
    underWay += 1;
    most = Math.max(most, underWay);
    await Promise.resolve();
    underWay -= 1;
  });
  expect([...new Set(sent)]).toHaveLength(2_500);
  expect(most).toBe(SENDS_UNDER_WAY);
});

it('rejects when a send does', async () => {
  await expect(sendAll(10, () => Promise.reject(new Error('no broker')))).rejects.toThrow('no broker');
});

it('tells when so many were handled', async () => {
  const handled = new HandledCount();
  const done = handled.next(2);
  handled.add();
  handled.add();
  await done;
});

it('has orders of the size that it says', () => {
  expect(JSON.stringify(orderOf(12_345)).length).toBeGreaterThan(120);
  expect(JSON.stringify(orderOf(12_345)).length).toBeLessThan(180);
});
