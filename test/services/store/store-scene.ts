import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openStore } from '../../../src/services/store/open-store.ts';
import type { OutgoingRecord, Store, Transaction } from '../../../src/services/store/store.ts';

export const SERVICE = 'orders';
/** The clock of a test stands still. */
export const NOW_MS = 1_700_000_000_000;

/** A store that is closed with its test. */
export async function openedStore(url: string, name: string = SERVICE): Promise<Store> {
  const store = await openStore(url, { name });
  onTestFinished(() => store.close());
  return store;
}

/** With the tables of the toolkit. */
export async function migratedStore(url: string, folder?: string): Promise<Store> {
  const store = await openedStore(url);
  await store.migrate(folder);
  return store;
}

/** A folder with these files, until the test ends. */
export async function folderOf(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'leveret-migrations-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

/** What happens in one transaction. */
export async function committed<T>(store: Store, work: (transaction: Transaction) => Promise<T>): Promise<T> {
  const transaction = await store.begin();
  try {
    const result = await work(transaction);
    await transaction.commit();
    return result;
  } catch (error) {
    await transaction.rollback();
    throw error;
  }
}

export function outgoing(id: string, changed: Partial<OutgoingRecord> = {}): OutgoingRecord {
  return {
    id,
    exchange: 'orders.placed',
    routingKey: 'slot.7',
    envelope: '{"type":"orders.placed"}',
    body: new TextEncoder().encode(`body of ${id}`),
    dueMs: NOW_MS,
    ...changed,
  };
}

/** Writes messages that whoever comes first may take. */
export function write(store: Store, ...records: readonly OutgoingRecord[]): Promise<void> {
  return committed(store, (transaction) => transaction.addOutgoing(records, NOW_MS, 0));
}

export async function claimedIds(
  store: Store,
  { nowMs = NOW_MS, leaseMs = 10_000, limit = 100 } = {},
): Promise<string[]> {
  return (await store.claimOutgoing(nowMs, leaseMs, limit)).map(({ id }) => id);
}

/** What a promise has come to, without waiting for it: `true` while it is open after all that could settle it by now has run. */
export async function isOpenYet(promise: Promise<unknown>, rounds = 20): Promise<boolean> {
  let isOpen = true;
  const close = (): void => {
    isOpen = false;
  };
  promise.then(close, close);
  for (let round = 0; round < rounds; round++) await new Promise((resolve) => setImmediate(resolve));
  return isOpen;
}
