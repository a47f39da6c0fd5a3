/**
 * node --import tsx endless-writer.ts URL PREFIX COUNT: writes COUNT messages, 20 at a time, each into the inbox, a table of the
 * service, and the outbox. Says which are committed.
 */
import { openStore } from '../../../src/services/store/open-store.ts';

const CONCURRENCY = 20;
const [url = '', prefix = '', count = '0'] = process.argv.slice(2);
// the timers of a store do not keep a process alive
const alive = setInterval(() => undefined, 60_000);
const store = await openStore(url, { name: 'orders' });
let next = 0;

async function writeOne(): Promise<void> {
  const id = `${prefix}-${next}`;
  next += 1;
  const transaction = await store.begin();
  await transaction.markHandled(id, 'place', 1);
  await transaction.database.run`insert into orders (id) values (${id})`;
  await new Promise((resolve) => setImmediate(resolve));
  const record = {
    id,
    exchange: 'orders.placed',
    routingKey: 'none',
    envelope: '{}',
    body: new Uint8Array(9),
  };
  await transaction.addOutgoing([{ ...record, dueMs: 1 }], 1, 0);
  await transaction.commit();
  console.log(`committed ${id}`);
}

async function write(): Promise<void> {
  while (next < Number(count)) await writeOne();
}

await Promise.all(Array.from({ length: CONCURRENCY }, write));
await store.close();
clearInterval(alive);
console.log('done');
