import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { enterSqliteFile } from '../../../src/services/store/sqlite-file.ts';
import type { Store } from '../../../src/services/store/store.ts';
import { memoryFooting, sqliteFooting } from './sqlite-footing.ts';
import type { StoreFooting } from './store-footing.ts';
import { claimedIds, committed, isOpenYet, migratedStore, NOW_MS, outgoing, write } from './store-scene.ts';
import { IN_MEMORY, storeSuite } from './store-suite.ts';

storeSuite('a store in a file of SQLite', sqliteFooting);
storeSuite(IN_MEMORY, memoryFooting);

describe('a store of SQLite alone', () => {
  let footing: StoreFooting;
  let store: Store;
  beforeAll(async () => {
    footing = await sqliteFooting();
  });
  afterAll(() => footing.close());
  let url: string;
  beforeEach(async () => {
    url = await footing.newUrl();
    store = await migratedStore(url);
  });

  test('what is committed is synced, references are checked, and readers do not wait', async () => {
    await committed(store, async ({ database }) => {
      expect(await database.get`pragma journal_mode`).toEqual({ journal_mode: 'wal' });
      expect(await database.get`pragma synchronous`).toEqual({ synchronous: 2 });
      expect(await database.get`pragma foreign_keys`).toEqual({ foreign_keys: 1 });
    });
  });

  test('a reference that is wrong at the commit fails nobody for good but its own message', async () => {
    await store.database.run`create table parents (id text primary key)`;
    await store.database
      .run`create table children (id text, parent text references parents (id) deferrable initially deferred)`;
    const addChild = (parent: string): Promise<unknown> =>
      committed(store, ({ database }) => database.run`insert into children values (${parent}, ${parent})`);
    const addParent = (id: string): Promise<unknown> =>
      committed(store, ({ database }) => database.run`insert into parents values (${id})`);
    const together = await Promise.allSettled([addParent('a'), addChild('none'), addParent('b')]);
    expect(together.map(({ status }) => status)).toEqual(Array(3).fill('rejected'));
    const again = await Promise.allSettled([addParent('a'), addChild('none'), addParent('b')]);
    expect(again.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await store.database.all`select * from parents`).toHaveLength(2);
  });

  test('when the file cannot grow the message fails, and the next one that fits is committed', async () => {
    await store.database.run`create table blobs (b blob)`;
    const { pages } = (await store.database.get<{ pages: number }>`pragma page_count`) ?? { pages: 0 };
    const limit = async (pagesMax: number): Promise<void> => {
      await committed(store, ({ database }) =>
        // A pragma takes no values: the limit is one of two texts.
        pagesMax === 0
          ? database.get`pragma max_page_count = 4294967294`
          : database.get`pragma max_page_count = 1`,
      );
    };
    await limit(pages);
    const add = (bytes: number): Promise<unknown> =>
      committed(store, async (transaction) => {
        await transaction.markHandled(`m${bytes}`, 'place', NOW_MS);
        await transaction.database.run`insert into blobs values (${new Uint8Array(bytes)})`;
      });
    const outcomes = await Promise.allSettled([add(10), add(1_000_000), add(11)]);
    expect(outcomes[1]).toMatchObject({ status: 'rejected', reason: { message: /full/ } });
    await limit(0);
    const isHandled = async (id: string): Promise<boolean> =>
      (await store.findHandled(id, 'place')) !== undefined;
    expect(await Promise.all(['m10', 'm1000000', 'm11'].map(isHandled))).toEqual(
      outcomes.map(({ status }) => status === 'fulfilled'),
    );
    await add(1_000_000);
    expect(await isHandled('m1000000')).toBe(true);
  });

  test('a transaction that takes long holds nobody who reads', async () => {
    await store.database.run`create table orders (id text)`;
    const slow = await store.begin();
    await slow.database.run`insert into orders values (${'a'})`;
    const next = store.begin();
    expect(await isOpenYet(next)).toBe(true);
    expect(await store.database.all`select * from orders`).toEqual([]);
    expect(await store.outboxLag(NOW_MS)).toEqual({ count: 0, oldestDueMs: undefined });
    await slow.rollback();
    await (await next).commit();
  });

  test('what was sent is deleted the next time, when a transaction could not begin for it', async () => {
    await write(store, outgoing('a'), outgoing('b'));
    const file = await enterSqliteFile(url, 'orders');
    const begin = vi.spyOn(file.writer, 'begin').mockRejectedValueOnce(new Error('the disk is away'));
    await expect(store.deleteOutgoing(['a'])).rejects.toThrow('the disk is away');
    begin.mockRestore();
    await store.deleteOutgoing(['b']);
    expect(await claimedIds(store)).toEqual([]);
    await file.leave();
  });

  test('a template is prepared once, and sees tables that changed', async () => {
    await store.database.run`create table orders (id text)`;
    const all = (): Promise<object[]> => store.database.all`select * from orders`;
    expect(await all()).toEqual([]);
    await store.database.run`insert into orders values (${'a'})`;
    expect(await all()).toEqual([{ id: 'a' }]);
    await store.database.run`alter table orders add column total integer default 3`;
    expect(await all()).toEqual([{ id: 'a', total: 3 }]);
  });
});
