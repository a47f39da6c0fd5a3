import { Hono } from 'hono';
import { type App, NoConsumer, PayloadInvalid, Rejected, Timeout } from 'leveret/services';
import { placeOrder, showOrder, showProducts } from '../contracts.ts';

/** What a browser waits for at most. */
const ANSWER_MS = 10_000;

/**
 * The shop over HTTP. It has no state: it turns requests into commands, so any number of it can run anywhere.
 *
 *     POST /orders      { orderId, customer, card, lines: [{ sku, quantity }] }
 *     GET  /orders/:id
 *     GET  /products
 *     GET  /livez, /readyz
 */
export function shopEntry(app: App): Hono {
  const entry = new Hono();

  // the id of the order names the message: asking again is always safe, and gets the first answer
  entry.post('/orders', async (request) => {
    const order = await request.req.json().catch(() => undefined);
    const messageId = `place-${order?.orderId}`;
    const answer = await app.call(placeOrder, order, { messageId, timeoutMs: ANSWER_MS });
    if (answer.status === 'refused') return request.json(answer, 409);
    return request.json(answer, 202, { location: `/orders/${encodeURIComponent(order.orderId)}` });
  });

  entry.get('/orders/:id', async (request) => {
    const orderId = request.req.param('id');
    const order = await app.call(showOrder, { orderId }, { timeoutMs: ANSWER_MS });
    return order === null
      ? request.json(problem(404, `there is no order '${orderId}'`), 404)
      : request.json(order);
  });

  entry.get('/products', async (request) =>
    request.json(await app.call(showProducts, {}, { timeoutMs: ANSWER_MS })),
  );

  entry.get('/livez', (request) => request.text('ok'));

  entry.get('/readyz', async (request) => {
    const { isReady, reasons } = await app.health();
    return request.json({ isReady, reasons }, isReady ? 200 : 503);
  });

  entry.onError((error, request) => {
    const status = statusOf(error);
    const detail = status === 500 ? 'this should not happen' : error.message;
    return request.json(problem(status, detail), status, { 'content-type': 'application/problem+json' });
  });

  return entry;
}

function statusOf(error: Error): 400 | 409 | 500 | 503 | 504 {
  if (error instanceof PayloadInvalid) return 400;
  if (error instanceof Rejected) return 409;
  if (error instanceof NoConsumer) return 503;
  if (error instanceof Timeout) return 504;
  return 500;
}

const titles = new Map([
  [400, 'Not an order'],
  [404, 'Not found'],
  [409, 'Refused'],
  [503, 'The shop is closed'],
  [504, 'No answer in time; ask again'],
]);

/** As RFC 9457 has it. */
function problem(status: number, detail: string): { title: string; status: number; detail: string } {
  return { title: titles.get(status) ?? 'Internal error', status, detail };
}
