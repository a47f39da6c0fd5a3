import { type Context, service, type Unit } from 'leveret/services';
import {
  type Line,
  orderShipped,
  releaseStock,
  reserveStock,
  showProducts,
  stockRefused,
  stockReserved,
} from '../contracts.ts';

/** Knows the products, what they cost, and how many there are. */
const inventory = service('inventory', {
  database: { migrations: new URL('./migrations', import.meta.url) },
  cache: { entriesMax: 1000, ttlMs: 10_000 },
});

type InventoryContext = Context<{ database: true; cache: true }>;

interface ProductRow {
  readonly sku: string;
  readonly name: string;
  readonly price_cents: number;
}

/** Each order asks for it, and it seldom changes. */
const products = inventory.on(showProducts, (_message, context) =>
  context.cache.through('products', async () => {
    const rows = await context.database
      .all<ProductRow>`select sku, name, price_cents from products order by sku`;
    return rows.map(({ sku, name, price_cents: priceCents }) => ({ sku, name, priceCents }));
  }),
);

const reserve = inventory.on(reserveStock, async ({ orderId, lines }, context) => {
  const missing = await takeFromStock(context, linesBySku(lines));
  if (missing !== undefined) {
    await context.publish(stockRefused, { orderId, sku: missing });
    return;
  }
  for (const { sku, quantity } of linesBySku(lines)) {
    await context.database
      .run`insert into reservations (order_id, sku, quantity) values (${orderId}, ${sku}, ${quantity})`;
  }
  await context.publish(stockReserved, { orderId });
});

/** One line for each product, in the same order for all orders: rows are locked in that order, and no two wait for each other. */
function linesBySku(lines: readonly Line[]): Line[] {
  const quantities = new Map<string, number>();
  for (const { sku, quantity } of lines) quantities.set(sku, (quantities.get(sku) ?? 0) + quantity);
  const merged = [...quantities].map(([sku, quantity]) => ({ sku, quantity }));
  return merged.sort((one, other) => (one.sku < other.sku ? -1 : 1));
}

/** All lines or none: what was taken goes back when there is too little of a product, which is returned. */
async function takeFromStock(context: InventoryContext, lines: readonly Line[]): Promise<string | undefined> {
  for (const [index, { sku, quantity }] of lines.entries()) {
    const { changes } = await context.database
      .run`update products set stock = stock - ${quantity} where sku = ${sku} and stock >= ${quantity}`;
    if (changes === 1) continue;
    await putIntoStock(context, lines.slice(0, index));
    return sku;
  }
  return undefined;
}

async function putIntoStock(context: InventoryContext, lines: readonly Line[]): Promise<void> {
  for (const { sku, quantity } of lines) {
    await context.database.run`update products set stock = stock + ${quantity} where sku = ${sku}`;
  }
}

const release = inventory.on(releaseStock, async ({ orderId }, context) => {
  const lines = await context.database
    .all<Line>`select sku, quantity from reservations where order_id = ${orderId} order by sku`;
  await putIntoStock(context, lines);
  await context.database.run`delete from reservations where order_id = ${orderId}`;
});

/** What was reserved is gone for good. */
const shipped = inventory.on(orderShipped, async ({ orderId }, context) => {
  await context.database.run`delete from reservations where order_id = ${orderId}`;
});

export const inventoryUnit: Unit = inventory.with(products, reserve, release, shipped);
