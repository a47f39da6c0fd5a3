import { Fatal, service } from 'leveret/services';
import { orderPlaced, placeOrder } from '../contracts.ts';

const orders = service('orders', {
  database: { migrations: new URL('./migrations', import.meta.url) },
});

/** The row and the event are one transaction: either both are there, or neither. */
const place = orders.on(placeOrder, async (order, context) => {
  if (order.total <= 0) throw new Fatal(`total of order ${order.orderId} must be positive`);
  const { changes } = await context.database.run`
    insert into orders (id, email, total) values (${order.orderId}, ${order.email}, ${order.total})
    on conflict do nothing`;
  if (changes === 0) return { status: 'known' };
  await context.publish(orderPlaced, order);
  return { status: 'accepted' };
});

export const ordersUnit = orders.with(place);
