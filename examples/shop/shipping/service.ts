import { service, type Unit } from 'leveret/services';
import { orderShipped, shipOrder } from '../contracts.ts';

/** Sends parcels. */
const shipping = service('shipping', {
  database: { migrations: new URL('./migrations', import.meta.url) },
});

const ship = shipping.on(shipOrder, async ({ orderId, customer, lines }, context) => {
  const parcel = `parcel-${orderId}`;
  await context.database
    .run`insert into parcels (order_id, parcel, customer, lines, shipped_ms) values (${orderId}, ${parcel}, ${customer}, ${JSON.stringify(lines)}, ${context.now().getTime()})`;
  await context.publish(orderShipped, { orderId, parcel });
});

export const shippingUnit: Unit = shipping.with(ship);
