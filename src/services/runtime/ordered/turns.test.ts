import { expect, test } from 'vitest';
import { Turns } from './turns.ts';

async function namesInOrder(turns: Turns, count: number): Promise<number[]> {
  const order: number[] = [];
  const taken = Array.from({ length: count }, (_, name) => turns.take()?.then(() => order.push(name)));
  for (let given = 0; given < count; given++) turns.give();
  await Promise.all(taken);
  return order;
}

test('so many have a turn at a time, and who asked first is next', async () => {
  const turns = new Turns(2, undefined);
  expect(turns.take()).toBeUndefined();
  expect(turns.take()).toBeUndefined();
  const order: string[] = [];
  const third = turns.take()?.then(() => order.push('third'));
  const fourth = turns.take()?.then(() => order.push('fourth'));
  expect(turns.takenCount).toBe(2);
  turns.give();
  turns.give();
  await Promise.all([third, fourth]);
  expect(order).toEqual(['third', 'fourth']);
  expect(turns.takenCount).toBe(2);
  turns.give();
  turns.give();
  expect(turns.takenCount).toBe(0);
});

test('a test picks who is next', async () => {
  const turns = new Turns(1, (count) => count - 1);
  expect(turns.take()).toBeUndefined();
  expect(await namesInOrder(turns, 4)).toEqual([3, 2, 1, 0]);
});
