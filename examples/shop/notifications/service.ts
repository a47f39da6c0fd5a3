import { service, type Unit } from 'leveret/services';
import { orderChanged } from '../contracts.ts';

/** Writes to customers. A mail server would get the rows of `mails`; here they are all there is. */
const notifications = service('notifications', {
  database: { migrations: new URL('./migrations', import.meta.url) },
});

/** In order for each customer's order: nobody hears of a parcel before hearing of the money. */
const tell = notifications.on(
  orderChanged,
  async ({ orderId, customer, status, totalCents, reason }, context) => {
    const texts = {
      placed: `Thank you for your order of ${euros(totalCents)}.`,
      paid: `We have your ${euros(totalCents)}.`,
      shipped: 'Your parcel is on its way.',
      cancelled: `Your order was cancelled: ${reason}.`,
    };
    const before = await context.database.get<{
      count: number;
    }>`select count(*) as count from mails where order_id = ${orderId}`;
    const number = Number(before?.count) + 1;
    await context.database
      .run`insert into mails (order_id, number, status, customer, body, written_ms) values (${orderId}, ${number}, ${status}, ${customer}, ${texts[status]}, ${context.now().getTime()})`;
  },
  { ordered: true },
);

function euros(cents: number): string {
  return `${(cents / 100).toFixed(2)} EUR`;
}

export const notificationsUnit: Unit = notifications.with(tell);
