import { expect, test } from 'vitest';
import { z } from 'zod';
import { event } from './contract.ts';
import {
  deadQueue,
  inQueue,
  PARTITION_COUNT,
  partitionQueue,
  presenceExchange,
  SLOT_COUNT,
  slotOf,
  slotRoutingKey,
} from './wire.ts';

/** A message of yesterday and one of tomorrow with the same key meet in the same queue only while these hold. */
test.each([
  ['', 5],
  ['a', 44],
  ['foobar', 40],
  ['order-1', 45],
  ['order-2', 52],
  ['8f0e6a52-3c8b-4d0f-9f57-0d6a2c1b7e99', 50],
  ['grün', 55],
  ['訂單', 60],
  ['🐇', 5],
])('the slot of %j is %i, for ever', (key, slot) => {
  expect(slotOf(key)).toBe(slot);
});

test('a key that no UTF-8 can hold has a slot all the same', () => {
  expect(slotOf('\ud800')).toBe(slotOf('\ufffd'));
});

test('keys that count up are spread over all slots, and evenly over the partitions', () => {
  const slots = new Map<number, number>();
  const partitions = new Array<number>(PARTITION_COUNT).fill(0);
  for (let id = 0; id < 6400; id += 1) {
    const slot = slotOf(`order-${id}`);
    slots.set(slot, (slots.get(slot) ?? 0) + 1);
    partitions[slot % PARTITION_COUNT] = (partitions[slot % PARTITION_COUNT] ?? 0) + 1;
  }
  expect(slots.size).toBe(SLOT_COUNT);
  expect(Math.max(...slots.values())).toBeLessThan(150);
  expect(Math.max(...partitions)).toBeLessThan(1.2 * Math.min(...partitions));
});

test('no contract has the exchange over which instances find each other', () => {
  expect(presenceExchange('users')).toBe('users:presence');
  expect(event('users.presence', z.unknown()).name).not.toBe(presenceExchange('users'));
  expect(() => event(presenceExchange('users'), z.unknown())).toThrow("found 'users:presence'");
});

test('names on the wire stay what they are', () => {
  expect(inQueue('orders')).toBe('orders.in');
  expect(deadQueue('orders')).toBe('orders.dead');
  expect(partitionQueue('orders', 'orders.place', 7)).toBe('orders.orders.place.7');
  expect(slotRoutingKey(63)).toBe('slot.63');
  expect([SLOT_COUNT, PARTITION_COUNT]).toEqual([64, 8]);
});
