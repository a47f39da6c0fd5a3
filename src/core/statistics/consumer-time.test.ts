import { expect, test } from 'vitest';
import { ConsumerTime } from './consumer-time.ts';

test('adds up how long consumers were there, and busy', () => {
  const time = new ConsumerTime();
  time.addConsumers(1, 1000);
  time.addConsumers(1, 1500);
  time.addBusy(1, 1600);
  time.addBusy(1, 1700);
  time.addBusy(-1, 2000);
  expect([time.capacityMs(2000), time.busyMs(2000)]).toEqual([500 + 2 * 500, 100 + 2 * 300]);
  expect([time.capacityMs(3000), time.busyMs(3000)]).toEqual([3500, 1700]);
  time.addBusy(-1, 3000);
  time.addConsumers(-2, 3000);
  expect([time.capacityMs(9000), time.busyMs(9000)]).toEqual([3500, 1700]);
});
