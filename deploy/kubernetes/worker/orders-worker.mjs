/** An example of a consumer: takes a second for each message of the queue orders, ten at a time, and finishes what it has at SIGTERM. */
import { setTimeout as delay } from 'node:timers/promises';
// In an image of your own, with the package installed: from 'leveret/client'.
import { connect } from '/opt/leveret/dist/client/client.js';

const client = await connect(process.env.AMQP_URL, { connectionName: process.env.HOSTNAME, waitMs: 60_000 });
await client.declare({ queues: [{ queue: 'orders' }] });
await client.consume(
  'orders',
  async (delivery) => {
    await delay(1_000);
    console.log(`Done: ${delivery.text()}`);
  },
  { concurrency: 10 },
);
console.log('Waiting for orders.');

process.once('SIGTERM', async () => {
  await client.drain();
  await client.close();
});
