import { expect, test } from 'vitest';
import { ReceivedMessages, SIZE_BOUNDS } from './received-messages.ts';

test('a message counts in the first bucket that holds it', () => {
  const received = new ReceivedMessages();
  for (const bound of SIZE_BOUNDS) received.add(bound);
  received.add(0);
  received.add(101);
  received.add(128 * 2 ** 20);
  expect([...received.sizeCounts]).toEqual([2, 2, 1, 1, 1, 1, 1, 1, 1]);
  expect(received.bodyBytes).toBe(SIZE_BOUNDS.reduce((sum, bound) => sum + bound, 101 + 128 * 2 ** 20));
});
