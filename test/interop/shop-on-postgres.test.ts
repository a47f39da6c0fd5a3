import { type TestServicesOptions, testServices } from 'leveret/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkBooks, stockOf } from '../../examples/shop/books.ts';
import { placeOrder } from '../../examples/shop/contracts.ts';
import {
  inventoryUnit,
  notificationsUnit,
  ordersUnit,
  paymentsUnit,
  shippingUnit,
} from '../../examples/shop/services.ts';
import { timing } from '../../examples/shop/timing.ts';
import { type PostgresServer, startPostgres } from '../servers/postgres.ts';

timing.paymentMs = 30_000;
timing.slowBankMs = 40_000;

const UNITS = [ordersUnit, paymentsUnit, inventoryUnit, shippingUnit, notificationsUnit];
const CARDS = ['card-good', 'card-good', 'card-slow', 'card-good', 'card-declined'];
const PRODUCTS = ['carrot', 'strawberry', 'clover'];

let server: PostgresServer;

beforeAll(async () => {
  server = await startPostgres();
});

afterAll(() => server.close());

const faults: readonly TestServicesOptions[] = [
  {},
  { duplicates: true, shuffle: true },
  { crash: 'before-commit', shuffle: true },
  { crash: 'before-ack', duplicates: true, shuffle: true },
];

describe('the shop on PostgreSQL', () => {
  it.each(faults)('has books that add up after a crowd of customers, with %o', async (options) => {
    const urls = new Map<string, string>();
    for (const { name } of UNITS) urls.set(name, await server.createDatabase());
    await testServices(UNITS, { ...options, databaseUrl: (name) => urls.get(name) }, async (t) => {
      const before = await stockOf(t.database(inventoryUnit));
      const orderIds = Array.from({ length: 40 }, (_, index) => `order-${index}`);
      await Promise.all(
        orderIds.map((orderId, index) =>
          t.call(placeOrder, {
            orderId,
            customer: 'jo',
            card: CARDS[index % CARDS.length] as string,
            lines: [index, index + 1].map((at) => ({
              sku: PRODUCTS[at % 3] as string,
              quantity: 1 + (at % 2),
            })),
          }),
        ),
      );
      await t.settled();
      await t.clock.advance('1m');
      const databases = {
        orders: t.database(ordersUnit),
        payments: t.database(paymentsUnit),
        inventory: t.database(inventoryUnit),
        shipping: t.database(shippingUnit),
        notifications: t.database(notificationsUnit),
      };
      expect(await checkBooks(databases, before, orderIds)).toEqual([]);
    });
  });
});
