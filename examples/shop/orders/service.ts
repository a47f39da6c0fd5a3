import type { Unit } from 'leveret/services';
import { type Line, orderPlaced, placeOrder, type Status, showOrder, showProducts } from '../contracts.ts';
import { fulfilment } from './fulfilment.ts';
import { changeStatus, orders } from './orders.ts';

interface OrderRow {
  readonly customer: string;
  readonly status: Status;
  readonly reason: string | null;
  readonly total_cents: number;
  readonly lines: string;
}

/** Prices come from the inventory, before the transaction begins: nobody waits for another service while holding it. */
const place = orders.on(placeOrder, async ({ orderId, customer, card, lines }, context) => {
  const products = await context.call(showProducts, {}, { timeoutMs: 10_000 });
  const prices = new Map(products.map(({ sku, priceCents }) => [sku, priceCents]));
  const unknown = lines.find(({ sku }) => !prices.has(sku));
  if (unknown !== undefined) return { status: 'refused', reason: `there is no product '${unknown.sku}'` };
  const totalCents = totalOf(lines, prices);
  const { changes } = await context.database
    .run`insert into orders (id, customer, status, total_cents, lines, placed_ms) values (${orderId}, ${customer}, 'placed', ${totalCents}, ${JSON.stringify(lines)}, ${context.now().getTime()}) on conflict (id) do nothing`;
  if (changes === 0) return { status: 'refused', reason: `there is another order '${orderId}'` };
  await changeStatus(context, { orderId, customer, totalCents }, 'placed');
  await context.publish(orderPlaced, { orderId, customer, card, totalCents, lines });
  return { status: 'accepted', totalCents };
});

function totalOf(lines: readonly Line[], prices: ReadonlyMap<string, number>): number {
  return lines.reduce((total, { sku, quantity }) => total + quantity * (prices.get(sku) as number), 0);
}

const show = orders.on(showOrder, async ({ orderId }, context) => {
  const row = await context.database
    .get<OrderRow>`select customer, status, reason, total_cents, lines from orders where id = ${orderId}`;
  if (row === undefined) return null;
  const { customer, status, reason, total_cents: totalCents } = row;
  return { orderId, customer, status, reason, totalCents, lines: JSON.parse(row.lines) as Line[] };
});

/** Each minute: how the shop does, as a row and as an event. */
const report = orders.every('report', '* * * * *', async (due, context) => {
  const rows = await context.database.all<{ status: Status; count: number; cents: number }>`
    select status, count(*) as count, sum(total_cents) as cents from orders group by status`;
  const of = (status: Status): { count: number; cents: number } =>
    rows.find((row) => row.status === status) ?? { count: 0, cents: 0 };
  const open = of('placed').count + of('paid').count;
  await context.database.run`
    insert into reports (due, orders_open, orders_shipped, orders_cancelled, revenue_cents)
    values (${due.toISOString()}, ${open}, ${of('shipped').count}, ${of('cancelled').count}, ${Number(of('shipped').cents)})`;
});

export const ordersUnit: Unit = orders.with(place, show, report, fulfilment);
