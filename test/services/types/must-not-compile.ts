/**
 * Programs that must not compile. Above each wrong line stands the number of the error and a part of its text. Nothing of this
 * runs. The compiler reports each of these comments that is not needed; `types.test.ts` compiles without them and compares.
 */
import { z } from 'zod';
import { type App, command, done, event, service } from '../../../src/services/services.ts';
import {
  bare,
  exactly,
  full,
  measured,
  onlyCache,
  orderPlaced,
  paid,
  placeOrder,
  quote,
  ship,
} from './contracts.ts';

export function payloads(app: App): void {
  // @ts-expect-error 2322 Type 'string' is not assignable to type 'number'
  void app.send(placeOrder, { orderId: 'a', totalCents: '5' });
  // @ts-expect-error 2741 Property 'totalCents' is missing
  void app.call(placeOrder, { orderId: 'a' });
  // @ts-expect-error 2353 'total' does not exist
  void app.publish(orderPlaced, { orderId: 'a', totalCents: 5, total: 5 });
  // @ts-expect-error 2322 Type 'Date' is not assignable to type 'string'
  void app.publish(paid, { orderId: 'a', at: new Date() });
  // @ts-expect-error 2322 Type 'number' is not assignable to type 'string'
  void app.publish(measured, { celsius: 21 });
  // @ts-expect-error 2741 Property 'orderId' is missing
  full.on(orderPlaced, (_order, context) => context.send(ship, {}));
  // @ts-expect-error 2339 Property 'total' does not exist
  full.on(orderPlaced, (order) => void order.total);
  // @ts-expect-error 2345 Type '{ celsius: number; }' is not assignable to type 'string'
  full.on(measured, (at: string) => void at);
  // @ts-expect-error 2339 Property 'nope' does not exist
  event('keys', z.object({ id: z.string() }), { key: (payload) => payload.nope });
  // @ts-expect-error 2322 Type 'number' is not assignable to type 'string'
  event('keys', z.object({ id: z.number() }), { key: (payload) => payload.id });
}

export function verbs(app: App): void {
  const order = { orderId: 'a', totalCents: 5 };
  // @ts-expect-error 2379 Type '"event"' is not assignable to type '"command"'
  void app.send(orderPlaced, order);
  // @ts-expect-error 2379 Type '"event"' is not assignable to type '"command"'
  void app.call(orderPlaced, order);
  // @ts-expect-error 2379 Type '"command"' is not assignable to type '"event"'
  void app.publish(placeOrder, order);
  // @ts-expect-error 2379 Type '"event"' is not assignable to type '"command"'
  void app.result(orderPlaced, 'id');
  // @ts-expect-error 2379 Type '"event"' is not assignable to type '"command"'
  full.on(ship, (_parcel, context) => context.send(orderPlaced, order));
  // @ts-expect-error 2379 Type '"event"' is not assignable to type '"command"'
  full.on(ship, async (_parcel, context) => void (await context.call(orderPlaced, order)));
  // @ts-expect-error 2379 Type '"command"' is not assignable to type '"event"'
  full.on(ship, (_parcel, context) => context.publish(placeOrder, order));
}

export function replies(app: App): void {
  // @ts-expect-error 2345 'void' is not assignable
  full.on(placeOrder, () => {});
  // @ts-expect-error 2345 'Promise<void>' is not assignable
  full.on(placeOrder, async () => {});
  // @ts-expect-error 2322 Type 'undefined' is not assignable to type '{ status
  full.on(placeOrder, async (order) => (order.totalCents > 0 ? { status: 'accepted' } : undefined));
  // @ts-expect-error 2322 Type '"done"' is not assignable to type '"accepted" | "rejected"'
  full.on(placeOrder, () => ({ status: 'done' }));
  // @ts-expect-error 2322 Type '"done"' is not assignable to type '"accepted" | "rejected"'
  full.on(placeOrder, async () => ({ status: 'done' }));
  // @ts-expect-error 2322 Type 'Date' is not assignable to type 'string'
  full.on(quote, () => ({ cents: 5, until: new Date() }));
  // @ts-expect-error 2322 Type 'number' is not assignable to type 'Awaitable<void>'
  full.on(orderPlaced, () => 5);
  // @ts-expect-error 2322 Type 'number' is not assignable to type 'void'
  full.on(orderPlaced, async () => 5);
  // @ts-expect-error 2322 Type 'number' is not assignable to type 'Awaitable<void>'
  full.on(ship, () => 5);
  // @ts-expect-error 2339 Property 'reason' does not exist
  void app.call(placeOrder, { orderId: 'a', totalCents: 5 }).then(({ reason }) => reason);
  // @ts-expect-error 2345 not assignable to parameter of type 'never'
  void app.call(quote, { sku: 'tea' }).then(({ until }) => exactly<string>()(until));
  // @ts-expect-error 2353 'reply' does not exist
  event('replies', z.string(), { reply: z.string() });
}

export function means(): void {
  // @ts-expect-error 2339 Property 'database' does not exist
  bare.on(ship, async (_parcel, context) => void context.database.run`delete from parcels`);
  // @ts-expect-error 2339 Property 'database' does not exist
  onlyCache.on(ship, (_parcel, context) => void context.database.run`delete from parcels`);
  // @ts-expect-error 2339 Property 'cache' does not exist
  bare.every('job', '* * * * *', (_due, context) => context.cache.delete('parcels'));
  // @ts-expect-error 2684 not assignable to method's 'this' of type 'never'
  bare.saga('order', { state: z.object({}) });
  // @ts-expect-error 2322 not assignable to type 'never'
  service('typo', { database: {}, cahce: {} });
  // @ts-expect-error 2322 Type 'number' is not assignable to type 'string'
  service('typo', { database: { url: 5 } });
}

export function options(): void {
  // @ts-expect-error 2561 'delay' does not exist
  full.on(ship, (parcel, context) => context.send(ship, parcel, { delay: 5 }));
  // @ts-expect-error 2353 'inOrder' does not exist
  full.on(ship, () => {}, { inOrder: true });
  // @ts-expect-error 2353 'ordered' does not exist
  full.onBatch(ship, () => {}, { ordered: true });
  // @ts-expect-error 2379 is not assignable to type 'AnyCommandWithoutReply'
  full.onBatch(placeOrder, () => {});
  // @ts-expect-error 2322 Type 'string' is not assignable to type 'number'
  full.on(ship, () => {}, { retry: { laterMs: ['10s'] } });
  // @ts-expect-error 2344 Type 'string' does not satisfy the constraint 'object'
  full.on(ship, (parcel, { database }) => void database.get<string>`${{ parcel }}`);
  // @ts-expect-error 2345 Argument of type 'Service<Full>' is not assignable
  full.with(full);
}

export function sagas(): void {
  const state = z.object({ step: z.literal('placed') });
  const saga = full.saga('order', { state, timers: ['payment'] });
  const byOrder = (parcel: { orderId: string }): string => parcel.orderId;
  // @ts-expect-error 2322 Type '"lost"' is not assignable to type '"placed"'
  saga.starts(ship, byOrder, () => ({ step: 'lost' }));
  // @ts-expect-error 2322 Type '"lost"' is not assignable to type '"placed"'
  saga.on(ship, byOrder, async (_parcel, step) => ({ ...step, step: 'lost' }));
  // @ts-expect-error 2345 'void' is not assignable
  saga.on(ship, byOrder, () => {});
  // @ts-expect-error 2339 Property 'cents' does not exist
  saga.on(ship, byOrder, (_parcel, { cents }) => (cents > 0 ? done : done));
  saga.on(
    paid,
    // @ts-expect-error 2322 Type 'number' is not assignable to type 'string'
    ({ cents }) => cents,
    () => done,
  );
  // @ts-expect-error 2379 is not assignable to type 'AnyCommandWithoutReply'
  saga.on(placeOrder, byOrder, (_order, step) => step);
  // @ts-expect-error 2345 '"delivery"' is not assignable to parameter of type '"payment"'
  saga.timeout('delivery', (step) => step);
  // @ts-expect-error 2345 '"delivery"' is not assignable to parameter of type '"payment"'
  saga.timeout('payment', (step, context) => context.stopTimer('delivery').then(() => step));
  // @ts-expect-error 2345 is not assignable to parameter of type 'never'
  full.saga('short', { state }).timeout('payment', () => done);
}

export function contracts(): void {
  // @ts-expect-error 2353 'orderId' does not exist in type 'StandardSchemaV1
  command('wrong', { orderId: 'string' });
  // @ts-expect-error 2345 'number' is not assignable to parameter of type 'string'
  command(5, z.string());
}
