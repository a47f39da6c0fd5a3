import { type Context, service, type Unit } from 'leveret/services';
import {
  bankAnswered,
  cancelPayment,
  paymentCancelled,
  paymentRefused,
  paymentTaken,
  takePayment,
} from '../contracts.ts';
import { timing } from '../timing.ts';

/** Takes money, and gives it back. */
const payments = service('payments', {
  database: { migrations: new URL('./migrations', import.meta.url) },
});

type PaymentsContext = Context<{ database: true; cache: false }>;
type PaymentStatus = 'waiting' | 'taken' | 'refused' | 'cancelled' | 'refunded';

interface Payment {
  readonly status: PaymentStatus;
  readonly amount_cents: number;
}

/** Cards that the bank knows. All others are good. */
export const cards = { declined: 'card-declined', slow: 'card-slow' };

/** What was cancelled before it came is not taken. */
const take = payments.on(takePayment, async ({ orderId, customer, card, amountCents }, context) => {
  const status = card === cards.declined ? 'refused' : 'waiting';
  const { changes } = await context.database
    .run`insert into payments (order_id, customer, amount_cents, status) values (${orderId}, ${customer}, ${amountCents}, ${status}) on conflict (order_id) do nothing`;
  if (changes === 0) return;
  if (card === cards.declined) {
    await context.publish(paymentRefused, { orderId, reason: 'the bank declined the card' });
  } else if (card === cards.slow) {
    await context.send(bankAnswered, { orderId }, { delayMs: timing.slowBankMs });
  } else {
    await charge(context, orderId, amountCents);
  }
});

const answered = payments.on(bankAnswered, async ({ orderId }, context) => {
  const payment = await paymentOf(context, orderId);
  if (payment?.status === 'waiting') await charge(context, orderId, payment.amount_cents);
});

const cancel = payments.on(cancelPayment, async ({ orderId }, context) => {
  await context.database
    .run`insert into payments (order_id, customer, amount_cents, status) values (${orderId}, '', 0, 'cancelled') on conflict (order_id) do nothing`;
  const payment = await paymentOf(context, orderId);
  const refundedCents = payment?.status === 'taken' ? payment.amount_cents : 0;
  if (payment?.status === 'taken') await book(context, orderId, 'refund', 'refunded', refundedCents);
  if (payment?.status === 'waiting') await setStatus(context, orderId, 'cancelled');
  await context.publish(paymentCancelled, { orderId, refundedCents });
});

/** Locks the row, so that a cancellation and the answer of the bank come one after the other. */
async function paymentOf(context: PaymentsContext, orderId: string): Promise<Payment | undefined> {
  await context.database.run`update payments set status = status where order_id = ${orderId}`;
  return context.database.get<Payment>`select status, amount_cents from payments where order_id = ${orderId}`;
}

async function charge(context: PaymentsContext, orderId: string, amountCents: number): Promise<void> {
  await book(context, orderId, 'charge', 'taken', amountCents);
  await context.publish(paymentTaken, { orderId, amountCents });
}

async function book(
  context: PaymentsContext,
  orderId: string,
  kind: 'charge' | 'refund',
  status: PaymentStatus,
  amountCents: number,
): Promise<void> {
  await setStatus(context, orderId, status);
  await context.database
    .run`insert into bookings (order_id, kind, amount_cents, booked_ms) values (${orderId}, ${kind}, ${amountCents}, ${context.now().getTime()})`;
}

async function setStatus(context: PaymentsContext, orderId: string, status: PaymentStatus): Promise<void> {
  await context.database.run`update payments set status = ${status} where order_id = ${orderId}`;
}

export const paymentsUnit: Unit = payments.with(take, answered, cancel);
