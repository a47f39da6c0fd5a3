import { expect, test } from 'vitest';
import { DeliveryChannel } from './delivery-channel.ts';
import type { TransportChannel } from './transport.ts';

/** A channel that notes what is settled on it, with `count` deliveries, and which of these were lost. */
function openChannel(count: number): { deliveries: DeliveryChannel; settled: string[]; lost: number[] } {
  const settled: string[] = [];
  const lost: number[] = [];
  const deliveries = new DeliveryChannel({
    ack: (tag: number, multiple: boolean) => settled.push(`ack ${tag}${multiple ? ' and below' : ''}`),
    reject: (tag: number, requeue: boolean) => settled.push(`reject ${tag}${requeue ? ' requeue' : ''}`),
  } as unknown as TransportChannel);
  for (let tag = 1; tag <= count; tag++) deliveries.add({ onLost: () => lost.push(tag) });
  return { deliveries, settled, lost };
}

test('acknowledgements are sent together as far as nothing below is outstanding', () => {
  const { deliveries, settled } = openChannel(8);
  for (const tag of [2, 1, 5, 7]) deliveries.ack(tag);
  expect(settled).toEqual([]);
  deliveries.flush();
  expect(settled).toEqual(['ack 2 and below', 'ack 5', 'ack 7']);
  deliveries.reject(3, true);
  deliveries.ack(4);
  deliveries.ack(6);
  deliveries.flush();
  expect(settled.slice(3)).toEqual(['reject 3 requeue', 'ack 6 and below']);
  deliveries.flush();
  expect(settled.length).toBe(5);
});

test('they are sent at the end of the round of the event loop', async () => {
  const { deliveries, settled } = openChannel(2);
  deliveries.ack(1);
  await new Promise((resolve) => setImmediate(resolve));
  expect(settled).toEqual(['ack 1 and below']);
});

test('once the channel is gone nothing is settled on it', async () => {
  const { deliveries, settled, lost } = openChannel(3);
  expect(deliveries.ack(2)).toBe(true);
  const idle = deliveries.idle();
  deliveries.lose();
  await idle;
  expect([deliveries.ack(1), deliveries.reject(3, true), deliveries.isOpen]).toEqual([false, false, false]);
  deliveries.flush();
  expect(settled).toEqual([]);
  expect(lost).toEqual([1, 3]);
});

test('a channel that is left has sent what was acknowledged', () => {
  const { deliveries, settled, lost } = openChannel(2);
  deliveries.ack(1);
  deliveries.leave();
  expect([settled, lost]).toEqual([['ack 1 and below'], [2]]);
});
