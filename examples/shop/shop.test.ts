import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestServices, type TestServicesOptions, testServices } from 'leveret/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { checkBooks, type ShopDatabases, stockOf } from './books.ts';
import { bankAnswered, type Line, orderChanged, placeOrder, showOrder } from './contracts.ts';
import { shopEntry } from './entry/shop-entry.ts';
import { inventoryUnit, notificationsUnit, ordersUnit, paymentsUnit, shippingUnit } from './services.ts';
import { timing } from './timing.ts';

const UNITS = [ordersUnit, paymentsUnit, inventoryUnit, shippingUnit, notificationsUnit];

// a minute of the clock is a minute of recurring jobs and outboxes that look for work: a test does with few of them
timing.paymentMs = 60_000;
timing.slowBankMs = 80_000;

const CARROTS = [{ sku: 'carrot', quantity: 2 }];

describe('an order', () => {
  it('is shipped when it is paid', () =>
    testServices(UNITS, {}, async (t) => {
      expect(await place(t, 'a')).toEqual({ status: 'accepted', totalCents: 498 });
      await t.settled();
      expect(await statusesOf(t, 'a')).toEqual(['placed', 'paid', 'shipped']);
      expect(await t.call(showOrder, { orderId: 'a' })).toMatchObject({ status: 'shipped', lines: CARROTS });
      expect(await chargedCents(t)).toBe(498);
      expect((await stockOf(t.database(inventoryUnit))).get('carrot')).toBe(99_998);
    }));

  it('is cancelled when the bank declines the card, and its stock is put back', () =>
    testServices(UNITS, {}, async (t) => {
      await place(t, 'a', 'card-declined');
      await t.settled();
      expect(await t.call(showOrder, { orderId: 'a' })).toMatchObject({
        status: 'cancelled',
        reason: 'the bank declined the card',
      });
      expect(await chargedCents(t)).toBe(0);
      expect((await stockOf(t.database(inventoryUnit))).get('carrot')).toBe(100_000);
    }));

  it('is cancelled when there is too little of one product, and takes nothing of the others', () =>
    testServices(UNITS, {}, async (t) => {
      await place(t, 'a', 'card-good', [
        ...CARROTS,
        { sku: 'strawberry', quantity: 19 },
        { sku: 'strawberry', quantity: 2 },
      ]);
      await t.settled();
      expect(await t.call(showOrder, { orderId: 'a' })).toMatchObject({
        status: 'cancelled',
        reason: "not enough 'strawberry' in stock",
      });
      expect((await stockOf(t.database(inventoryUnit))).get('carrot')).toBe(100_000);
    }));

  it('is cancelled when the money takes too long, and not charged afterwards', () =>
    testServices(UNITS, {}, async (t) => {
      await place(t, 'a', 'card-slow');
      await t.settled();
      await t.clock.advance('59s');
      expect(await statusesOf(t, 'a')).toEqual(['placed']);
      await t.clock.advance('1s');
      expect(await t.call(showOrder, { orderId: 'a' })).toMatchObject({
        status: 'cancelled',
        reason: 'not paid in time',
      });
      await t.clock.advance('2m');
      expect(await chargedCents(t)).toBe(0);
    }));

  it('gets its money back that was taken while it was cancelled', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'leveret-shop-'));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const databaseUrl = (name: string): string => `file:${join(directory, name)}.db`;
    const others = UNITS.filter((unit) => unit !== paymentsUnit);
    await testServices(others, { databaseUrl }, async (t) => {
      const payments = await t.run([paymentsUnit]);
      await place(t, 'a', 'card-slow');
      await t.settled();
      await payments.close();
      await t.send(bankAnswered, { orderId: 'a' });
      await t.clock.advance('1m');
      const again = await t.run([paymentsUnit]);
      await t.settled();
      expect(await t.call(showOrder, { orderId: 'a' })).toMatchObject({
        status: 'cancelled',
        reason: 'paid too late: the money was given back',
      });
      const kinds = await again.database(paymentsUnit).all`select kind from bookings order by kind`;
      expect(kinds).toEqual([{ kind: 'charge' }, { kind: 'refund' }]);
    });
  });

  it('is refused for products that do not exist', () =>
    testServices(UNITS, {}, async (t) => {
      const answer = await place(t, 'a', 'card-good', [{ sku: 'fox', quantity: 1 }]);
      expect(answer).toEqual({ status: 'refused', reason: "there is no product 'fox'" });
      expect(await t.call(showOrder, { orderId: 'a' })).toBeNull();
    }));

  it('is placed once, however often it is sent', () =>
    testServices(UNITS, {}, async (t) => {
      const answers = await Promise.all([place(t, 'a'), place(t, 'a')]);
      expect(answers.map(({ status }) => status).sort()).toEqual(['accepted', 'refused']);
      await t.settled();
      expect(await chargedCents(t)).toBe(498);
    }));
});

describe('customers', () => {
  it('get their mails in order, one for each status', () =>
    testServices(UNITS, { duplicates: true, shuffle: true }, async (t) => {
      await place(t, 'a');
      await t.settled();
      const mails = await t.database(notificationsUnit).all`
        select status, body from mails where order_id = 'a' order by number`;
      expect(mails).toEqual([
        { status: 'placed', body: 'Thank you for your order of 4.98 EUR.' },
        { status: 'paid', body: 'We have your 4.98 EUR.' },
        { status: 'shipped', body: 'Your parcel is on its way.' },
      ]);
    }));
});

describe('each minute', () => {
  it('the orders service reports how the shop does', () =>
    testServices(UNITS, {}, async (t) => {
      await place(t, 'a');
      await t.clock.advance('1s');
      await place(t, 'b', 'card-slow');
      await t.settled();
      await t.clock.advance('59s');
      expect(await t.database(ordersUnit).all`select * from reports order by due`).toEqual([
        {
          due: '2026-01-01T00:01:00.000Z',
          orders_open: 1,
          orders_shipped: 1,
          orders_cancelled: 0,
          revenue_cents: 498,
        },
      ]);
    }));
});

describe('the entry', () => {
  const order = { orderId: 'a', customer: 'jo', card: 'card-good', lines: CARROTS };
  const post = (body: unknown): RequestInit => ({
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

  it('takes an order, shows it, and answers a repeated request as the first one', () =>
    testServices(UNITS, {}, async (t) => {
      const entry = shopEntry(await t.run([]));
      for (let attempt = 0; attempt < 2; attempt += 1) {
        const placed = await entry.request('/orders', post(order));
        expect(placed.status).toBe(202);
        expect(placed.headers.get('location')).toBe('/orders/a');
        expect(await placed.json()).toEqual({ status: 'accepted', totalCents: 498 });
      }
      await t.settled();
      const shown = await entry.request('/orders/a');
      expect(await shown.json()).toMatchObject({ orderId: 'a', status: 'shipped', totalCents: 498 });
      expect(await chargedCents(t)).toBe(498);
    }));

  it('lists the products, and says whether it is ready', () =>
    testServices(UNITS, {}, async (t) => {
      const entry = shopEntry(await t.run([]));
      expect(await (await entry.request('/products')).json()).toHaveLength(5);
      expect((await entry.request('/livez')).status).toBe(200);
      expect((await entry.request('/readyz')).status).toBe(200);
    }));

  it('says what is wrong with a request', () =>
    testServices(UNITS, {}, async (t) => {
      const entry = shopEntry(await t.run([]));
      const bad = await entry.request('/orders', post({ ...order, lines: [] }));
      expect(bad.status).toBe(400);
      expect(bad.headers.get('content-type')).toContain('application/problem+json');
      expect(await bad.json()).toMatchObject({
        title: 'Not an order',
        detail: expect.stringContaining('lines'),
      });
      expect((await entry.request('/orders', { method: 'POST', body: '{' })).status).toBe(400);
      const long = await entry.request('/orders', post({ ...order, orderId: '長'.repeat(100) }));
      expect(long.status).toBe(400);
      expect((await entry.request('/orders/none')).status).toBe(404);
      const unknown = await entry.request(
        '/orders',
        post({ ...order, lines: [{ sku: 'fox', quantity: 1 }] }),
      );
      expect(unknown.status).toBe(409);
    }));

  it('says that the shop is closed when its services never ran', () =>
    testServices([], {}, async (t) => {
      const entry = shopEntry(await t.run([]));
      expect((await entry.request('/products')).status).toBe(503);
    }));
});

describe('the books', () => {
  const faults: readonly TestServicesOptions[] = [
    {},
    { duplicates: true, shuffle: true },
    { crash: 'before-commit', shuffle: true },
    { crash: 'after-commit', shuffle: true },
    { crash: 'before-ack', duplicates: true, shuffle: true },
  ];

  it.each(faults)('add up after a crowd of customers, with %o', (options) =>
    testServices(UNITS, options, async (t) => {
      const before = await stockOf(t.database(inventoryUnit));
      const orderIds = Array.from({ length: 60 }, (_, index) => `order-${index}`);
      await Promise.all(orderIds.map((orderId, index) => place(t, orderId, cardOf(index), linesOf(index))));
      await t.settled();
      await t.clock.advance('2m');
      expect(await checkBooks(databasesOf(t), before, orderIds)).toEqual([]);
    }),
  );

  it('do not add up when an order was charged and not shipped, or its stock is gone', () =>
    testServices(UNITS, {}, async (t) => {
      const before = await stockOf(t.database(inventoryUnit));
      await place(t, 'a');
      await t.settled();
      await t.database(ordersUnit).run`update orders set status = 'cancelled'`;
      await t.database(inventoryUnit).run`update products set stock = 7 where sku = 'clover'`;
      expect(await checkBooks(databasesOf(t), before, ['a', 'b'])).toEqual([
        'order b was lost',
        'order a (cancelled) paid 498 cents, and 0 were due',
        'order a (cancelled) was sent in 1 parcels',
        'order a (cancelled) was told of as paid, placed, shipped',
        'stock of carrot: found 99998, and 100000 should be left',
        'stock of clover: found 7, and 100000 should be left',
      ]);
    }));
});

function place(
  t: TestServices,
  orderId: string,
  card = 'card-good',
  lines: readonly Line[] = CARROTS,
): ReturnType<typeof t.call<typeof placeOrder>> {
  return t.call(placeOrder, { orderId, customer: 'jo', card, lines: [...lines] });
}

function cardOf(index: number): string {
  return ['card-good', 'card-good', 'card-slow', 'card-good', 'card-declined'][index % 5] as string;
}

/** More strawberries than there are. */
function linesOf(index: number): Line[] {
  const strawberries = { sku: 'strawberry', quantity: 1 };
  return index % 2 === 0 ? [...CARROTS, strawberries] : [strawberries, { sku: 'clover', quantity: 3 }];
}

function databasesOf(t: TestServices): ShopDatabases {
  return {
    orders: t.database(ordersUnit),
    payments: t.database(paymentsUnit),
    inventory: t.database(inventoryUnit),
    shipping: t.database(shippingUnit),
    notifications: t.database(notificationsUnit),
  };
}

async function statusesOf(t: TestServices, orderId: string): Promise<string[]> {
  const all = await t.published(orderChanged);
  return all.filter((each) => each.orderId === orderId).map(({ status }) => status);
}

async function chargedCents(t: TestServices): Promise<number> {
  const row = await t.database(paymentsUnit).get<{ cents: number | null }>`
    select sum(amount_cents) as cents from bookings where kind = 'charge'`;
  return Number(row?.cents ?? 0);
}
