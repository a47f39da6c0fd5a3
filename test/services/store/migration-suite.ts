import { expect, test } from 'vitest';
import type { StoreFooting } from './store-footing.ts';
import { folderOf, migratedStore, openedStore } from './store-scene.ts';

/** How the tables of a service come to be. */
export function migrationSuite(footing: () => StoreFooting): void {
  test('files run once, in the order of their names', async () => {
    const folder = await folderOf({
      '002-more.sql': "insert into log (word) values ('second');",
      '001-log.sql': "create table log (word text);\n\ninsert into log (word) values ('first');\n",
      'readme.txt': 'not sql',
    });
    const url = await footing().newUrl();
    const store = await migratedStore(url, folder);
    await store.migrate(folder);
    expect(await store.database.all`select word from log order by word`).toEqual([
      { word: 'first' },
      { word: 'second' },
    ]);
  });

  test('a file that is added runs the next time', async () => {
    const first = await folderOf({ '1.sql': 'create table log (word text)' });
    const store = await migratedStore(await footing().newUrl(), first);
    const second = await folderOf({
      '1.sql': 'create table log (word text)',
      '2.sql': "insert into log values ('more')",
    });
    await store.migrate(second);
    expect(await store.database.all`select word from log`).toEqual([{ word: 'more' }]);
  });

  test('several that start at the same time run each file once', async () => {
    const folder = await folderOf({
      '1.sql': 'create table log (word text)',
      '2.sql': "insert into log values ('once')",
    });
    const url = await footing().newUrl();
    const store = await openedStore(url);
    const others = footing().isShared ? [await openedStore(url), await openedStore(url)] : [store];
    await Promise.all([store, ...others].map((each) => each.migrate(folder)));
    expect(await store.database.all`select word from log`).toEqual([{ word: 'once' }]);
  });

  test('a file that fails leaves nothing, and is named with its line and statement', async () => {
    const folder = await folderOf({
      '1.sql': 'create table log (word text);',
      '2.sql': "insert into log values ('lost');\n\n-- a comment\ninsert into logg values ('x');\n",
      '3.sql': 'create table never (id text);',
    });
    const store = await openedStore(await footing().newUrl());
    await expect(store.migrate(folder)).rejects.toMatchObject({
      code: 'MIGRATION_FAILED',
      message: expect.stringMatching(
        /^migration 2\.sql failed in line 4, at 'insert into logg values \('x'\)': .*logg.*; nothing of this file was done/,
      ),
    });
    expect(await store.database.all`select * from log`).toEqual([]);
    await expect(store.database.all`select * from never`).rejects.toThrow(/never/);
    const mended = await folderOf({
      '1.sql': 'create table log (word text);',
      '2.sql': "insert into log values ('x');",
    });
    await store.migrate(mended);
    expect(await store.database.all`select * from log`).toEqual([{ word: 'x' }]);
  });

  test('a file that ends its transaction is refused', async () => {
    const folder = await folderOf({ '1.sql': 'create table log (word text);\ncommit;\n' });
    const store = await openedStore(await footing().newUrl());
    await expect(store.migrate(folder)).rejects.toThrow(
      /migration 1\.sql failed in line 2, at 'commit': .*each file is a transaction already/,
    );
    await expect(store.database.all`select * from log`).rejects.toThrow(/log/);
  });

  test('a folder that is not there is named', async () => {
    const store = await openedStore(await footing().newUrl());
    await expect(store.migrate('/nowhere/at/all')).rejects.toThrow(
      /the migrations of service 'orders' cannot be read: .*\/nowhere\/at\/all.*; make the folder, or mend 'migrations' of its database/,
    );
  });

  test('a database belongs to one service', async () => {
    if (!footing().isShared) return;
    const url = await footing().newUrl();
    await migratedStore(url);
    const other = await openedStore(url, 'payments');
    await expect(other.migrate(undefined)).rejects.toMatchObject({
      code: 'DATABASE_OWNED',
      message: expect.stringMatching(/belongs to service 'orders', and service 'payments' was to use it/),
    });
  });
}
