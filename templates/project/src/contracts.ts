import { command, event } from 'leveret/services';
import { z } from 'zod';

const order = z.object({ orderId: z.string(), email: z.email(), total: z.number() });

/** A command has one owner, who answers. */
export const placeOrder = command('orders.place', order, {
  reply: z.object({ status: z.enum(['accepted', 'known']) }),
  key: ({ orderId }) => orderId,
});

/** An event has any number of subscribers. */
export const orderPlaced = event('orders.placed', order, { key: ({ orderId }) => orderId });
