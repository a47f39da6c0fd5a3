/** The HTTP entry as a process of its own. `BROKER_URL` says where the services are, `PORT` where it listens. */
import { serve } from '@hono/node-server';
import { run } from 'leveret/services';
import { shopEntry } from './shop-entry.ts';

const app = await run([], { broker: process.env['BROKER_URL'] ?? 'amqp://127.0.0.1:5672' });
const port = Number(process.env['PORT'] ?? 8080);
const server = serve({ fetch: shopEntry(app).fetch, port }, (address) => {
  process.stdout.write(`the shop listens on port ${address.port}\n`);
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    server.close();
    void app.close();
  });
}
