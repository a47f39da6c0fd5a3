/** Places orders: npm run order 100 */
import { randomUUID } from 'node:crypto';
import { run } from 'leveret/services';
import { placeOrder } from './contracts.ts';

const count = Number(process.argv[2] ?? 1);
const app = await run([], { broker: process.env['BROKER_URL'] ?? 'amqp://localhost' });
const replies = await Promise.all(
  Array.from({ length: count }, () =>
    app.call(placeOrder, { orderId: randomUUID(), email: 'ada@example.com', total: 12.5 }),
  ),
);
await app.close();
const accepted = replies.filter(({ status }) => status === 'accepted').length;
console.log(`${accepted} of ${count} orders accepted`);
