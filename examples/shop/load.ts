import type { Line } from './contracts.ts';

/** A customer who buys something at random, and what came of it. */
export interface LoadOptions {
  /** Of the HTTP entry. */
  readonly url: string;
  readonly ordersPerSecond: number;
  readonly signal: AbortSignal;
  onAnswer(status: number): void;
  onError(error: Error): void;
}

const SKUS = ['carrot', 'clover', 'lettuce', 'parsley', 'strawberry'];
/** Most cards are good. */
const CARDS = [...Array<string>(8).fill('card-good'), 'card-declined', 'card-slow'];

/** Places orders until the signal aborts. */
export function startLoad({ url, ordersPerSecond, signal, onAnswer, onError }: LoadOptions): void {
  const run = Date.now().toString(36);
  let count = 0;
  const timer = setInterval(() => {
    count += 1;
    postOrder(url, randomOrder(`${run}-${count}`), signal).then(onAnswer, (error: Error) => {
      if (!signal.aborted) onError(error);
    });
  }, 1000 / ordersPerSecond);
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
}

interface Order {
  readonly orderId: string;
  readonly customer: string;
  readonly card: string;
  readonly lines: readonly Line[];
}

function randomOrder(orderId: string): Order {
  const first = oneOf(SKUS);
  const lines = SKUS.filter((sku) => sku === first || Math.random() < 0.2).map((sku) => ({
    sku,
    quantity: 1 + Math.floor(Math.random() * 3),
  }));
  return { orderId, customer: `customer-${Math.floor(Math.random() * 100)}`, card: oneOf(CARDS), lines };
}

function oneOf(values: readonly string[]): string {
  return values[Math.floor(Math.random() * values.length)] as string;
}

async function postOrder(url: string, order: Order, signal: AbortSignal): Promise<number> {
  const response = await fetch(`${url}/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(order),
    signal,
  });
  await response.arrayBuffer();
  return response.status;
}
