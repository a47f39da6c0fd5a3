/** What the services of the shop say to each other. Money is in cents, as whole numbers. */
import { command, event } from 'leveret/services';
import { z } from 'zod';

/** It is part of the id of a message, which has 255 bytes at most, and of an address of the web. */
const orderId = z
  .string()
  .regex(/^[\w-]{1,100}$/, 'expected 1 to 100 letters, digits, dashes or underscores');
const cents = z.int().nonnegative();
export const line = z.object({ sku: z.string().min(1), quantity: z.int().positive().max(1000) });
/** What the payment provider gave the browser of the customer in place of a card number. */
const card = z.string().min(1).max(100);
const lines = z.array(line).min(1).max(50);
export type Line = z.infer<typeof line>;

/** Contracts of one order keep their order where a service asks for that. */
const byOrder = { key: (message: { readonly orderId: string }): string => message.orderId };

const status = z.enum(['placed', 'paid', 'shipped', 'cancelled']);
export type Status = z.infer<typeof status>;

// orders

/** Placing an order again changes nothing: the answer is that of the first time. */
export const placeOrder = command(
  'orders.place',
  z.object({ orderId, customer: z.string().min(1), card, lines }),
  {
    ...byOrder,
    reply: z.discriminatedUnion('status', [
      z.object({ status: z.literal('accepted'), totalCents: cents }),
      z.object({ status: z.literal('refused'), reason: z.string() }),
    ]),
  },
);

export const showOrder = command('orders.show', z.object({ orderId }), {
  reply: z
    .object({
      orderId,
      customer: z.string(),
      status,
      totalCents: cents,
      reason: z.string().nullable(),
      lines,
    })
    .nullable(),
});

export const orderPlaced = event(
  'orders.placed',
  z.object({ orderId, customer: z.string(), card, totalCents: cents, lines }),
  byOrder,
);

/** Told of each status that an order gets. */
export const orderChanged = event(
  'orders.changed',
  z.object({ orderId, customer: z.string(), status, totalCents: cents, reason: z.string().optional() }),
  byOrder,
);

// inventory

export const showProducts = command('inventory.products', z.object({}), {
  reply: z.array(z.object({ sku: z.string(), name: z.string(), priceCents: cents })),
});

export const reserveStock = command('inventory.reserve', z.object({ orderId, lines }), byOrder);
export const releaseStock = command('inventory.release', z.object({ orderId }), byOrder);
export const stockReserved = event('inventory.reserved', z.object({ orderId }), byOrder);
export const stockRefused = event('inventory.refused', z.object({ orderId, sku: z.string() }), byOrder);

// payments

export const takePayment = command(
  'payments.take',
  z.object({ orderId, customer: z.string(), card, amountCents: cents }),
  byOrder,
);
/** No money is taken any more after this; what was taken is given back. Answered by `paymentCancelled`. */
export const cancelPayment = command('payments.cancel', z.object({ orderId }), byOrder);
/** What the bank said about a payment that it had to think about. */
export const bankAnswered = command('payments.bank-answered', z.object({ orderId }), byOrder);
export const paymentTaken = event('payments.taken', z.object({ orderId, amountCents: cents }), byOrder);
export const paymentRefused = event('payments.refused', z.object({ orderId, reason: z.string() }), byOrder);
export const paymentCancelled = event(
  'payments.cancelled',
  z.object({ orderId, refundedCents: cents }),
  byOrder,
);

// shipping

export const shipOrder = command(
  'shipping.ship',
  z.object({ orderId, customer: z.string(), lines }),
  byOrder,
);
export const orderShipped = event('shipping.shipped', z.object({ orderId, parcel: z.string() }), byOrder);
