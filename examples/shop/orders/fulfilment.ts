import { done } from 'leveret/services';
import { z } from 'zod';
import {
  cancelPayment,
  line,
  orderPlaced,
  orderShipped,
  paymentCancelled,
  paymentRefused,
  paymentTaken,
  releaseStock,
  reserveStock,
  shipOrder,
  stockRefused,
  stockReserved,
  takePayment,
} from '../contracts.ts';
import { timing } from '../timing.ts';
import { changeStatus, orders } from './orders.ts';

type OrderMessage = { readonly orderId: string };

const key = ({ orderId }: OrderMessage): string => orderId;

/**
 * The way of an order:
 *
 *     placed --> reserving --stock--> paying --money--> shipping --parcel--> shipped
 *                    |                  |  \
 *                 no stock        no money  time is up
 *                    |                  |    \
 *                    v                  v     v
 *                cancelled <------- cancelled  cancelling --payment cancelled--> cancelled
 *
 * Whoever is sure that no money will be taken is the payments service: when the time is up it is told to cancel, and answers
 * once nothing will be taken any more and what was taken is given back. Money that comes meanwhile changes nothing.
 */
export const fulfilment = orders
  .saga('fulfilment', {
    state: z.object({
      step: z.enum(['reserving', 'paying', 'shipping', 'cancelling']),
      orderId: z.string(),
      customer: z.string(),
      card: z.string(),
      totalCents: z.int(),
      lines: z.array(line),
    }),
    timers: ['payment'],
  })
  .starts(orderPlaced, key, async (order, context) => {
    await context.send(reserveStock, { orderId: order.orderId, lines: order.lines });
    return { step: 'reserving', ...order };
  })
  .on(stockReserved, key, async (_message, order, context) => {
    const { orderId, customer, card, totalCents } = order;
    await context.send(takePayment, { orderId, customer, card, amountCents: totalCents });
    await context.startTimer('payment', timing.paymentMs);
    return { ...order, step: 'paying' };
  })
  .on(stockRefused, key, async ({ sku }, order, context) => {
    await changeStatus(context, order, 'cancelled', `not enough '${sku}' in stock`);
    return done;
  })
  .on(paymentTaken, key, async (_message, order, context) => {
    if (order.step !== 'paying') return order;
    await context.stopTimer('payment');
    await changeStatus(context, order, 'paid');
    await context.send(shipOrder, { orderId: order.orderId, customer: order.customer, lines: order.lines });
    return { ...order, step: 'shipping' };
  })
  .on(paymentRefused, key, async ({ reason }, order, context) => {
    if (order.step !== 'paying') return order;
    await context.send(releaseStock, { orderId: order.orderId });
    await changeStatus(context, order, 'cancelled', reason);
    return done;
  })
  .timeout('payment', async (order, context) => {
    await context.send(cancelPayment, { orderId: order.orderId });
    return { ...order, step: 'cancelling' };
  })
  .on(paymentCancelled, key, async ({ refundedCents }, order, context) => {
    if (order.step !== 'cancelling') return order;
    await context.send(releaseStock, { orderId: order.orderId });
    const reason = refundedCents > 0 ? 'paid too late: the money was given back' : 'not paid in time';
    await changeStatus(context, order, 'cancelled', reason);
    return done;
  })
  .on(orderShipped, key, async (_message, order, context) => {
    await changeStatus(context, order, 'shipped');
    return done;
  });
