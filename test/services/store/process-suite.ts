import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import type { Store } from '../../../src/services/store/store.ts';
import { StartedProcess } from '../../servers/child-process.ts';
import type { StoreFooting } from './store-footing.ts';
import { claimedIds, migratedStore } from './store-scene.ts';

/** What is left when processes die, and when several write. */
export function processSuite(footing: () => StoreFooting): void {
  test('after kill -9 what was committed is there, and of the rest nothing', async () => {
    const { url, store } = await databaseOfOrders(footing());
    for (const [prefix, lines] of [
      ['first', 30],
      ['second', 200],
      ['third', 701],
    ] as const) {
      const writer = started(url, prefix, 1_000_000);
      await commits(writer, lines);
      await writer.kill();
      const inbox = await expectWhole(store);
      const told = writer.lines.flatMap((line) => /^committed (\S+)$/.exec(line)?.[1] ?? []);
      expect(told.length).toBeGreaterThanOrEqual(lines);
      expect(told.filter((id) => !inbox.has(id))).toEqual([]);
    }
  });

  test('several processes write at the same time, and each gets its turn', async () => {
    const { url, store } = await databaseOfOrders(footing());
    const writers = ['a', 'b', 'c'].map((prefix) => started(url, prefix, 300));
    await Promise.all(writers.map((writer) => writer.line('done')));
    const inbox = await expectWhole(store);
    expect(inbox.size).toBe(900);
  });
}

async function databaseOfOrders(footing: StoreFooting): Promise<{ url: string; store: Store }> {
  const url = await footing.newUrl();
  const store = await migratedStore(url);
  await store.database.run`create table orders (id text primary key)`;
  return { url, store };
}

function started(url: string, prefix: string, count: number): StartedProcess {
  const file = fileURLToPath(new URL('./endless-writer.ts', import.meta.url));
  const process_ = new StartedProcess(process.execPath, [
    '--import',
    'tsx',
    file,
    url,
    prefix,
    String(count),
  ]);
  onTestFinished(() => process_.kill());
  return process_;
}

/** Waits for so many lines. */
async function commits(writer: StartedProcess, count: number): Promise<void> {
  while (writer.lines.length < count) await writer.line('committed', { from: writer.lines.length });
}

/** Each message is in all tables or in none. */
async function expectWhole(store: Store): Promise<ReadonlySet<string>> {
  const idsOf = (rows: { id: string }[]): string[] => rows.map(({ id }) => id).sort();
  const inbox = idsOf(await store.database.all`select message_id as id from leveret_inbox`);
  expect(idsOf(await store.database.all`select id from orders`)).toEqual(inbox);
  expect((await claimedIds(store, { nowMs: 1, leaseMs: -1, limit: 1_000_000 })).sort()).toEqual(inbox);
  return new Set(inbox);
}
