import { type Context, service } from 'leveret/services';
import { orderChanged, type Status } from '../contracts.ts';

/** Takes orders, and sees to it that each ends shipped and paid, or cancelled and not paid. */
export const orders = service('orders', {
  database: { migrations: new URL('./migrations', import.meta.url) },
});

export type OrdersContext = Context<{ database: true; cache: false }>;

/** What of an order everybody may know. */
export interface OrderHead {
  readonly orderId: string;
  readonly customer: string;
  readonly totalCents: number;
}

export async function changeStatus(
  context: OrdersContext,
  { orderId, customer, totalCents }: OrderHead,
  status: Status,
  reason?: string,
): Promise<void> {
  await context.database
    .run`update orders set status = ${status}, reason = ${reason ?? null} where id = ${orderId}`;
  const told = { orderId, customer, status, totalCents };
  await context.publish(orderChanged, reason === undefined ? told : { ...told, reason });
}
