import { testServices } from 'leveret/testing';
import { expect, test } from 'vitest';
import { checkBooks, stockOf } from './books.ts';
import { placeOrder } from './contracts.ts';
import { inventoryUnit, notificationsUnit, ordersUnit, paymentsUnit, shippingUnit } from './services.ts';
import { timing } from './timing.ts';
const UNITS = [ordersUnit, paymentsUnit, inventoryUnit, shippingUnit, notificationsUnit];
timing.paymentMs = 8000; timing.slowBankMs = 8000;
for (let seed = 1; seed <= 12; seed++) test(`seed ${seed}`, () => testServices(UNITS, { duplicates: true, shuffle: true, seed }, async (t) => {
  const dbs = { orders: t.database(ordersUnit), payments: t.database(paymentsUnit), inventory: t.database(inventoryUnit), shipping: t.database(shippingUnit), notifications: t.database(notificationsUnit) };
  const stock = await stockOf(dbs.inventory);
  const ids = Array.from({ length: 40 }, (_, i) => `o${i}`);
  await Promise.all(ids.map((orderId) => t.call(placeOrder, { orderId, customer: 'c', card: 'card-slow', lines: [{ sku: 'carrot', quantity: 1 }] })));
  await t.settled();
  await t.clock.advance('30s');
  console.log(JSON.stringify(await dbs.orders.all`select status, count(*) as n from orders group by status`), JSON.stringify(await dbs.payments.all`select status, count(*) as n from payments group by status`));
  expect(await checkBooks(dbs, stock, ids)).toEqual([]);
}), 60000);
