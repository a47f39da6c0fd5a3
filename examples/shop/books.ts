import type { Database } from 'leveret/services';
import type { Line, Status } from './contracts.ts';

/** The databases of all services. */
export interface ShopDatabases {
  readonly orders: Database;
  readonly payments: Database;
  readonly inventory: Database;
  readonly shipping: Database;
  readonly notifications: Database;
}

/** What there is of each product, by `sku`. */
export type Stock = ReadonlyMap<string, number>;

export async function stockOf(inventory: Database): Promise<Stock> {
  const rows = await inventory.all<{ sku: string; stock: number }>`select sku, stock from products`;
  return new Map(rows.map(({ sku, stock }) => [sku, Number(stock)]));
}

interface OrderRow {
  readonly id: string;
  readonly status: Status;
  readonly total_cents: number;
  readonly lines: string;
}

interface BookingRow {
  readonly order_id: string;
  readonly kind: 'charge' | 'refund';
  readonly amount_cents: number;
}

interface MailRow {
  readonly order_id: string;
  readonly status: Status;
}

/** All that the services know of one order. */
interface OrderFile {
  readonly order: OrderRow;
  readonly bookings: BookingRow[];
  readonly parcels: string[];
  readonly mails: Set<Status>;
}

/**
 * Compares what the services have written down, once nothing moves any more. Returns what is wrong, a line each: an order that was
 * lost or did not end, that was charged and not shipped, shipped and not charged, or charged twice; stock that does not add up; a
 * customer who was not told.
 */
export async function checkBooks(
  databases: ShopDatabases,
  stockBefore: Stock,
  orderIds: Iterable<string>,
): Promise<string[]> {
  const files = await filesOf(databases);
  const problems = [...orderIds].filter((id) => !files.has(id)).map((id) => `order ${id} was lost`);
  for (const file of files.values()) problems.push(...orderProblems(file));
  problems.push(...(await stockProblems(databases.inventory, stockBefore, files)));
  return problems;
}

async function filesOf(databases: ShopDatabases): Promise<ReadonlyMap<string, OrderFile>> {
  const orders = await databases.orders.all<OrderRow>`select id, status, total_cents, lines from orders`;
  const files = new Map(orders.map((order) => [order.id, emptyFile(order)]));
  const bookings = await databases.payments
    .all<BookingRow>`select order_id, kind, amount_cents from bookings`;
  for (const booking of bookings) files.get(booking.order_id)?.bookings.push(booking);
  const parcels = await databases.shipping.all<{
    order_id: string;
    lines: string;
  }>`select order_id, lines from parcels`;
  for (const { order_id: id, lines } of parcels) files.get(id)?.parcels.push(lines);
  const mails = await databases.notifications.all<MailRow>`select order_id, status from mails`;
  for (const { order_id: id, status } of mails) files.get(id)?.mails.add(status);
  return files;
}

function emptyFile(order: OrderRow): OrderFile {
  return { order, bookings: [], parcels: [], mails: new Set() };
}

function orderProblems({ order, bookings, parcels, mails }: OrderFile): string[] {
  const { id, status } = order;
  const problems: string[] = [];
  const expect = (holds: boolean, text: string): void => {
    if (!holds) problems.push(`order ${id} (${status}) ${text}`);
  };
  const isShipped = status === 'shipped';
  expect(isShipped || status === 'cancelled', 'did not end');
  const due = isShipped ? Number(order.total_cents) : 0;
  const charges = bookings.filter(({ kind }) => kind === 'charge');
  expect(paidCents(bookings) === due, `paid ${paidCents(bookings)} cents, and ${due} were due`);
  expect(charges.length <= 1, `was charged ${charges.length} times`);
  expect(parcels.length === (isShipped ? 1 : 0), `was sent in ${parcels.length} parcels`);
  expect(!isShipped || parcels[0] === order.lines, 'is not what was in the parcel');
  const expectedMails: readonly Status[] = isShipped
    ? ['placed', 'paid', 'shipped']
    : ['placed', 'cancelled'];
  expect(
    expectedMails.every((each) => mails.has(each)),
    `was told of as ${[...mails].sort().join(', ') || 'nothing'}`,
  );
  return problems;
}

function paidCents(bookings: readonly BookingRow[]): number {
  return bookings.reduce(
    (sum, { kind, amount_cents: cents }) => sum + (kind === 'charge' ? Number(cents) : -Number(cents)),
    0,
  );
}

async function stockProblems(
  inventory: Database,
  stockBefore: Stock,
  files: ReadonlyMap<string, OrderFile>,
): Promise<string[]> {
  const left = new Map(stockBefore);
  for (const { order } of files.values()) {
    if (order.status !== 'shipped') continue;
    for (const { sku, quantity } of JSON.parse(order.lines) as Line[]) {
      left.set(sku, (left.get(sku) ?? 0) - quantity);
    }
  }
  const found = await stockOf(inventory);
  const problems = [...left]
    .filter(([sku, quantity]) => found.get(sku) !== quantity)
    .map(([sku, quantity]) => `stock of ${sku}: found ${found.get(sku)}, and ${quantity} should be left`);
  const reserved = await inventory.get<{ count: number }>`select count(*) as count from reservations`;
  if (Number(reserved?.count) > 0) problems.push(`${reserved?.count} reservations are left`);
  return problems;
}
