/** How long the shop waits for things. A test may set it. */
export interface Timing {
  /** For the money of an order, before it is cancelled. */
  paymentMs: number;
  /** What a bank takes that has to think about a payment. */
  slowBankMs: number;
}

const MINUTE_MS = 60_000;

/** From the environment, so that the example shows in seconds what takes minutes in a shop. */
export const timing: Timing = {
  paymentMs: Number(process.env['SHOP_PAYMENT_MS'] ?? 15 * MINUTE_MS),
  slowBankMs: Number(process.env['SHOP_SLOW_BANK_MS'] ?? 20 * MINUTE_MS),
};
