/** Programs that must compile. Nothing of this runs. */
import { z } from 'zod';
import {
  type AnyContract,
  type App,
  command,
  done,
  type HandlerFor,
  type Means,
  type Part,
  type Service,
  service,
  type Unit,
} from '../../../src/services/services.ts';
import {
  bare,
  exactly,
  full,
  measured,
  onlyCache,
  onlyDatabase,
  orderPlaced,
  paid,
  placeOrder,
  quote,
  ship,
} from './contracts.ts';

type Status = 'accepted' | 'rejected';

export const contracts: readonly AnyContract[] = [placeOrder, orderPlaced, ship, paid, quote, measured];

/** Replies keep their literals, however the handler is written. */
export const replies: readonly Part[] = [
  full.on(placeOrder, () => ({ status: 'accepted' })),
  full.on(placeOrder, async () => ({ status: 'accepted' })),
  full.on(placeOrder, (order) => ({ status: order.totalCents > 0 ? 'accepted' : 'rejected' })),
  full.on(placeOrder, async (order) => {
    if (order.totalCents <= 0) return { status: 'rejected' };
    return { status: 'accepted' };
  }),
  full.on(placeOrder, async () => {
    throw new Error('always');
  }),
  full.on(quote, async ({ sku }) => ({ cents: sku.length, until: '2030-01-01' })),
];

export const withoutReply: readonly Part[] = [
  full.on(ship, () => {}),
  full.on(ship, async (parcel, context) => {
    exactly<{ orderId: string }>()(parcel);
    await context.send(ship, parcel);
    return context.call(ship, parcel);
  }),
  full.on(orderPlaced, (order) => exactly<{ orderId: string; totalCents: number }>()(order)),
];

/** A schema with transforms and defaults: sent in one shape, handled in another. */
export const transformed: readonly Part[] = [
  full.on(paid, async (payment, context) => {
    exactly<number>()(payment.cents);
    exactly<Date>()(payment.at);
    exactly<string | undefined>()(payment.note);
    await context.publish(paid, { orderId: 'a', at: '2030-01-01' });
    await context.publish(paid, { orderId: 'a', at: '2030-01-01', cents: 5, note: undefined });
    const price = await context.call(quote, { sku: 'tea' });
    exactly<Date>()(price.until);
  }),
  full.on(measured, async ({ celsius }, context) => {
    exactly<number>()(celsius);
    await context.publish(measured, { celsius: '21' });
  }),
];

/** Each service has in its context what it says it has. */
export const means: readonly Part[] = [
  full.on(ship, async (_parcel, context) => {
    await context.database.run`delete from parcels`;
    await context.cache.delete('parcels');
  }),
  onlyDatabase.on(ship, async (parcel, context) => {
    const row = await context.database.get<{
      id: string;
    }>`select id from parcels where id = ${parcel.orderId}`;
    exactly<{ id: string } | undefined>()(row);
  }),
  onlyCache.on(ship, async ({ orderId }, context) => {
    exactly<number>()(await context.cache.through(orderId, async () => 5, 1000));
  }),
  bare.on(ship, (_parcel, context) => context.signal.throwIfAborted()),
  service('without-options', {}).on(ship, () => {}),
];

export const options: readonly Part[] = [
  full.on(placeOrder, () => ({ status: 'accepted' }), { ordered: true, concurrency: 4 }),
  full.on(ship, () => {}, {
    retry: { now: 1, laterMs: [] },
    timeoutMs: 5_000,
    rate: { perSecond: 5, perKey: true },
  }),
  full.on(ship, async (parcel, context) => {
    await context.send(ship, parcel, { delayMs: 60_000 });
    await context.publish(orderPlaced, { orderId: 'a', totalCents: 5 }, { delayMs: 60_000 });
  }),
  full.every('report', '0 6 * * *', async (due, context) => {
    await context.database.run`insert into reports (due) values (${due.toISOString()})`;
  }),
];

export const batches: readonly Part[] = [
  full.onBatch(orderPlaced, async (orders, context) => {
    for (const order of orders) await context.database.run`insert into orders (id) values (${order.orderId})`;
  }),
  bare.onBatch(ship, (parcels) => exactly<readonly { orderId: string }[]>()(parcels), {
    size: 10,
    waitMs: 5,
  }),
];

export const saga: Part = full
  .saga('order', {
    state: z.object({ step: z.enum(['placed', 'paid']), cents: z.number() }),
    timers: ['payment', 'delivery'],
  })
  .starts(
    orderPlaced,
    (order) => order.orderId,
    async (order, context) => {
      await context.startTimer('payment', 900_000);
      return { step: 'placed', cents: order.totalCents };
    },
  )
  .on(
    paid,
    (payment) => payment.orderId,
    async (payment, state, context) => {
      exactly<'placed' | 'paid'>()(state.step);
      await context.stopTimer('payment');
      await context.database.run`insert into payments (id) values (${context.key})`;
      return payment.cents < state.cents ? done : { ...state, step: 'paid' };
    },
  )
  .timeout('payment', async (state, context) => {
    await context.send(ship, { orderId: context.key });
    exactly<number>()(state.cents);
    return done;
  })
  .timeout('delivery', (state) => state);

/** A saga without timers. */
export const shortSaga: Part = onlyDatabase
  .saga('short', { state: z.object({}) })
  .starts(
    ship,
    (parcel) => parcel.orderId,
    () => ({}),
  )
  .on(
    paid,
    (payment) => payment.orderId,
    () => done,
  );

export const unit: Unit = full.with(...options, saga);

/** What a program may write for itself. */
export function inOrder<C extends AnyContract, M extends Means>(
  of: Service<M>,
  contract: C,
  handle: HandlerFor<C, M>,
): Part {
  return of.on(contract, handle, { ordered: true });
}

export const ordered: Part = inOrder(full, placeOrder, async (order, context) => {
  await context.database.run`delete from orders where id = ${order.orderId}`;
  return { status: 'accepted' };
});

export function logged<C extends AnyContract>(contract: C): Part {
  return bare.on(command(`logged.${contract.name}`, z.unknown()), () => {});
}

export async function useOf(app: App): Promise<void> {
  const { status } = await app.call(placeOrder, { orderId: 'a', totalCents: 5 }, { timeoutMs: 5_000 });
  exactly<Status>()(status);
  const sent = await app.send(placeOrder, { orderId: 'a', totalCents: 5 }, { messageId: 'order-a' });
  exactly<{ status: Status }>()(await sent.result());
  exactly<{ status: Status }>()(await app.result(placeOrder, sent.messageId, { timeoutMs: 100 }));
  exactly<string>()(await app.publish(paid, { orderId: 'a', at: '2030-01-01' }));
  exactly<{ cents: number; until: Date }>()(await app.call(quote, { sku: 'tea' }));
  exactly<Promise<void>>()(app.call(ship, { orderId: 'a' }));
  await app.database(unit).run`delete from orders`;
}
