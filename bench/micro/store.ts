/**
 * npm run bench:micro -- store: transactions of messages a second, each with the inbox, one row of the service, one message in the
 * outbox, and its deletion once it is sent. With one at a time each has a commit of its own; with more, what comes while the disk
 * syncs is committed together. On a file of SQLite, in memory, and on PostgreSQL where Debian's is installed; all with synced commits.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '../../src/services/store/open-store.ts';
import type { Store } from '../../src/services/store/store.ts';
import { postgresInstalled, startPostgres } from '../../test/servers/postgres.ts';
import { markdownTable } from '../markdown-table.ts';
import { median } from '../statistics.ts';

const AT_A_TIME: readonly number[] = [1, 4, 16, 64, 256];
const ROUND_MS = 1_500;
const ROUNDS = 3;
const BODY = Buffer.alloc(200, 'x');
const ENVELOPE = JSON.stringify({ type: 'orders.placed', appId: 'bench', isCommand: false });

let messages = 0;

async function handleOne(store: Store): Promise<void> {
  messages += 1;
  const id = `message-${messages}`;
  const found = store.findHandled(id, 'place');
  if ((found instanceof Promise ? await found : found) !== undefined) throw new Error(`${id} is there`);
  const nowMs = Date.now();
  const transaction = await store.begin();
  await transaction.markHandled(id, 'place', nowMs);
  await transaction.database.run`insert into orders (id, total) values (${id}, ${messages})`;
  const record = { id, exchange: 'orders.placed', routingKey: 'slot.7', envelope: ENVELOPE, body: BODY };
  await transaction.addOutgoing([{ ...record, dueMs: nowMs }], nowMs, 1_000);
  await transaction.commit();
  sent.push(id);
}

let sent: string[] = [];

/** Deletes what was sent in the background, as the outbox does. */
async function deleteSent(store: Store, isOver: () => boolean): Promise<void> {
  while (!isOver() || sent.length > 0) {
    const ids = sent;
    sent = [];
    if (ids.length > 0) await store.deleteOutgoing(ids);
    else await new Promise((resolve) => setImmediate(resolve));
  }
}

async function rate(store: Store, atATime: number): Promise<number> {
  const before = messages;
  const startMs = performance.now();
  const isOver = (): boolean => performance.now() - startMs > ROUND_MS;
  const handle = async (): Promise<void> => {
    while (!isOver()) await handleOne(store);
  };
  await Promise.all([deleteSent(store, isOver), ...Array.from({ length: atATime }, handle)]);
  return ((messages - before) / (performance.now() - startMs)) * 1000;
}

async function measure(url: string): Promise<string[]> {
  const store = await openStore(url, { name: 'bench' });
  await store.migrate(undefined);
  await store.database.run`create table orders (id text primary key, total bigint)`;
  const cells: string[] = [];
  for (const atATime of AT_A_TIME) {
    const rates: number[] = [];
    for (let round = 0; round < ROUNDS; round++) rates.push(await rate(store, atATime));
    cells.push(Math.round(median(rates)).toLocaleString('en-US'));
  }
  await store.close();
  return cells;
}

const folder = await mkdtemp(join(tmpdir(), 'leveret-bench-store-'));
const postgres = postgresInstalled() ? await startPostgres({ fsync: true }) : undefined;
try {
  const rows = [
    ['SQLite in a file', ...(await measure(`file:${join(folder, 'bench.db')}`))],
    ['SQLite in memory', ...(await measure('file::memory:'))],
  ];
  if (postgres !== undefined) rows.push(['PostgreSQL', ...(await measure(await postgres.createDatabase()))]);
  console.log(markdownTable(['messages/s', ...AT_A_TIME.map((count) => `${count} at a time`)], rows, 1));
} finally {
  await postgres?.close();
  await rm(folder, { recursive: true, force: true });
}
