import { expect, test } from 'vitest';
import { expiringDelayRoute } from './delay-route.ts';
import type { TransportChannel } from './transport.ts';

/** The names of the delay queues. */
async function queuesFor(...delaysMs: number[]): Promise<string[]> {
  const channel = { ask: async () => {} } as unknown as TransportChannel;
  const routes = await Promise.all(delaysMs.map((delayMs) => expiringDelayRoute(channel, 'q', delayMs)));
  return routes.map(({ routingKey }) => routingKey);
}

test('a delay is rounded up to four binary digits, so that the number of queues stays small', async () => {
  expect(await queuesFor(0.5, 7, 100, 1_000, 60_000)).toEqual(
    [1, 7, 104, 1_024, 61_440].map((ms) => `q.retry.${ms}`),
  );
  const delaysMs = Array.from({ length: 4_096 }, (_, index) => index + 1);
  const queues = new Set(await queuesFor(...delaysMs));
  expect(queues.size).toBeLessThanOrEqual(8 * 11);
});

test.each([0, -1, Number.NaN, 2 ** 32])('a delay of %s ms is refused', async (delayMs) => {
  await expect(queuesFor(delayMs)).rejects.toThrow(RangeError);
});
