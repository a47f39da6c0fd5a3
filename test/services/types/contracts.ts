import type { StandardSchemaV1 } from '@standard-schema/spec';
import { z } from 'zod';
import { command, event, type Service, service } from '../../../src/services/services.ts';

/** What the programs of the suite of types have in common. */
const orderSchema = z.object({ orderId: z.string(), totalCents: z.number() });

export const placeOrder = command('orders.place', orderSchema, {
  reply: z.object({ status: z.enum(['accepted', 'rejected']) }),
  key: (order) => order.orderId,
});

export const orderPlaced = event('orders.placed', orderSchema, { key: (order) => order.orderId });

/** A command without a reply. */
export const ship = command('shipping.ship', z.object({ orderId: z.string() }), {
  key: (parcel) => parcel.orderId,
});

/** What is sent is not what a handler gets. */
export const paid = event(
  'payments.paid',
  z.object({
    orderId: z.string(),
    cents: z.number().default(0),
    note: z.string().optional(),
    at: z.string().transform((text) => new Date(text)),
  }),
);

/** What a handler answers is not what the caller gets. */
export const quote = command('prices.quote', z.object({ sku: z.string() }), {
  reply: z.object({ cents: z.number(), until: z.string().transform((text) => new Date(text)) }),
});

/** A schema that no library made. */
const temperature: StandardSchemaV1<{ celsius: string }, { celsius: number }> = {
  '~standard': {
    version: 1,
    vendor: 'by hand',
    validate: (value) => {
      const celsius = Number((value as { celsius?: unknown } | null)?.celsius);
      return Number.isFinite(celsius)
        ? { value: { celsius } }
        : { issues: [{ message: 'no number', path: ['celsius'] }] };
    },
  },
};

export const measured = event('weather.measured', temperature, {
  key: ({ celsius }) => (celsius > 0 ? 'warm' : 'cold'),
});

interface Full {
  readonly database: true;
  readonly cache: true;
}

interface Bare {
  readonly database: false;
  readonly cache: false;
}

export const full: Service<Full> = service('full', {
  database: { migrations: './migrations' },
  cache: { entriesMax: 10_000 },
});
export const bare: Service<Bare> = service('bare');
export const onlyDatabase: Service<{ database: true; cache: false }> = service('only-database', {
  database: {},
});
export const onlyCache: Service<{ database: false; cache: true }> = service('only-cache', { cache: {} });

/** A function that takes a value of exactly this type: neither wider nor narrower. */
export function exactly<T>(): <U>(value: [U] extends [T] ? ([T] extends [U] ? U : never) : never) => void {
  return () => {};
}
