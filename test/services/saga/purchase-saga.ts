import { z } from 'zod';
import { command, event } from '../../../src/services/contract.ts';
import { done } from '../../../src/services/saga.ts';
import { service, type Unit } from '../../../src/services/service.ts';

const id = z.string();
const byId = { key: (message: { readonly id: string }): string => message.id };

export const begun = event('purchase.begun', z.object({ id }), byId);
export const added = event('purchase.added', z.object({ id, cents: z.int() }), byId);
export const paid = event('purchase.paid', z.object({ id, cents: z.int() }), byId);
export const extended = event('purchase.extended', z.object({ id, delayMs: z.int() }), byId);
export const paused = event('purchase.paused', z.object({ id }), byId);
/** What came of a purchase: at most one of each. */
export const ended = event('purchase.ended', z.object({ id, how: z.enum(['paid', 'late']), cents: z.int() }));
export const refund = command('till.refund', z.object({ id, cents: z.int() }));

export const LATE_MS = 60_000;

const till = service('till', { database: {} });
/** Refunds are counted by what is published of them. */
export const tillUnit: Unit = till.with(till.on(refund, () => undefined));

const purchases = service('purchases', { database: {} });
const key = (message: { readonly id: string }): string => message.id;

/**
 * It begins, adds up, and ends when it is paid or the time is up, whatever comes first. Money that comes after its time is given
 * back.
 */
const purchase = purchases
  .saga('purchase', {
    state: z.object({
      id,
      step: z.enum(['open', 'late']),
      cents: z.int(),
      since: z.coerce.date(),
    }),
    timers: ['late'],
  })
  .starts(begun, key, async (message, { startTimer, now }) => {
    await startTimer('late', LATE_MS);
    return { id: message.id, step: 'open', cents: 0, since: now() };
  })
  .on(added, key, (message, state) => ({ ...state, cents: state.cents + message.cents }))
  .on(extended, key, async ({ delayMs }, state, context) => {
    await context.startTimer('late', delayMs);
    return state;
  })
  .on(paused, key, async (_message, state, context) => {
    await context.stopTimer('late');
    return state;
  })
  .on(paid, key, async ({ cents }, state, context) => {
    if (state.step === 'late') await context.send(refund, { id: state.id, cents });
    else await context.publish(ended, { id: state.id, how: 'paid', cents: state.cents + cents });
    return done;
  })
  .timeout('late', async (state, context) => {
    await context.publish(ended, { id: state.id, how: 'late', cents: state.cents });
    return { ...state, step: 'late' };
  });

export const purchasesUnit: Unit = purchases.with(purchase);
